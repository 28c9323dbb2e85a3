#include "core/training/tf_record.h"

#include <array>
#include <bit>
#include <cstring>

namespace c3d {
namespace {

static_assert(std::endian::native == std::endian::little, "TFRecords hold little-endian numbers");

constexpr std::uint64_t kLongest = 1 << 20;  // far more than any event has: a length beyond is damage

constexpr std::array<std::uint32_t, 256> makeTable() {
  constexpr std::uint32_t kReversedPolynomial = 0x82f63b78;
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
    auto value = byte;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? kReversedPolynomial : 0);
    table[byte] = value;
  }
  return table;
}

constexpr auto kTable = makeTable();

/// CRCs of data that hold CRCs themselves are masked, by TensorFlow's rule.
std::uint32_t maskedCrc(std::string_view bytes) {
  return std::rotr(crc32c(bytes), 15) + 0xa282ead8U;
}

template <typename Number>
std::string bytesOf(Number number) {
  std::string bytes(sizeof(number), '\0');
  std::memcpy(bytes.data(), &number, sizeof(number));
  return bytes;
}

template <typename Number>
Number numberIn(std::string_view bytes) {
  Number number;
  std::memcpy(&number, bytes.data(), sizeof(number));
  return number;
}

bool read(std::istream& stream, std::string& bytes) {
  stream.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return static_cast<bool>(stream);
}

/// Bytes with their CRC behind them; nothing where it is not theirs.
std::optional<std::string> readChecked(std::istream& stream, std::size_t size) {
  std::string bytes(size, '\0');
  std::string crc(sizeof(std::uint32_t), '\0');
  if (!read(stream, bytes) || !read(stream, crc)) return std::nullopt;
  if (numberIn<std::uint32_t>(crc) != maskedCrc(bytes)) return std::nullopt;
  return bytes;
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  auto crc = ~std::uint32_t{0};
  for (const auto character : bytes)
    crc = (crc >> 8) ^ kTable[(crc ^ static_cast<unsigned char>(character)) & 0xff];
  return ~crc;
}

std::string makeRecord(std::string_view bytes) {
  const auto length = bytesOf(static_cast<std::uint64_t>(bytes.size()));
  return length + bytesOf(maskedCrc(length)) + std::string(bytes) + bytesOf(maskedCrc(bytes));
}

std::optional<std::string> readRecord(std::istream& stream) {
  const auto length = readChecked(stream, sizeof(std::uint64_t));
  if (!length) return std::nullopt;
  const auto size = numberIn<std::uint64_t>(*length);
  if (size > kLongest) return std::nullopt;
  return readChecked(stream, static_cast<std::size_t>(size));
}

std::uint64_t recordSize(std::size_t bytes) {
  return sizeof(std::uint64_t) + sizeof(std::uint32_t) + bytes + sizeof(std::uint32_t);
}

}  // namespace c3d
