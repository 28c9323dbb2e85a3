#pragma once

#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <string_view>

namespace c3d {

// TensorFlow's container of byte strings (tensorflow/core/lib/io/record_writer.h): little-endian uint64
// length, masked CRC of the length, the bytes, masked CRC of the bytes.

/// CRC-32C (Castagnoli, RFC 3720).
std::uint32_t crc32c(std::string_view bytes);

std::string makeRecord(std::string_view bytes);

/// The next record's bytes; nothing at the end and where a record is damaged or cut off.
std::optional<std::string> readRecord(std::istream& stream);

/// Of a record with so many bytes in it.
std::uint64_t recordSize(std::size_t bytes);

}  // namespace c3d
