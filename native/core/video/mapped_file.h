#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>

namespace c3d::video {

/// A file mapped for reading; nothing when it cannot be, or when it has another size than `bytes`. It stays
/// readable after the file is removed.
std::shared_ptr<const std::uint8_t> mapFile(const std::filesystem::path& file, std::size_t bytes);

}  // namespace c3d::video
