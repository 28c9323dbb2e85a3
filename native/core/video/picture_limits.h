#pragma once

#include <cstdint>

namespace c3d::video {

/// Larger pictures are refused before any memory is asked for: a damaged header can claim any size.
inline constexpr int kMaxPictureSide = 16384;
inline constexpr std::int64_t kMaxPicturePixels = std::int64_t(64) * 1024 * 1024;

constexpr bool isPictureSizeAllowed(std::int64_t width, std::int64_t height) {
  return width > 0 && height > 0 && width <= kMaxPictureSide && height <= kMaxPictureSide &&
         width * height <= kMaxPicturePixels;
}

}  // namespace c3d::video
