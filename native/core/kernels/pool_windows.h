#pragma once

#include <array>
#include <cstdint>

namespace c3d {

/// Max pooling whose windows do not overlap (stride = kernel), over activations that lie in memory as
/// [clips, frames, height, width, channels]. Windows begin at -padding; what of them is outside is not looked
/// at.
struct PoolSize {
  std::int64_t clips, channels;
  std::array<std::int64_t, 3> input, output;  // frames, height, width
  std::array<std::int64_t, 3> kernel, padding;
};

/// What stands for "no element", where the ReLU let nothing pass. So windows have at most 255 elements.
constexpr std::uint8_t kNoElement = 255;

/// The number of a place among all of the clips, whose `sizes` are frames, height and width.
inline std::int64_t placeOf(const std::array<std::int64_t, 3>& sizes, std::int64_t clip, std::int64_t t,
                            std::int64_t h, std::int64_t w) {
  return ((clip * sizes[0] + t) * sizes[1] + h) * sizes[2] + w;
}

/// Where along one axis an input is in the windows; the window may be beyond the last.
struct WindowPlace {
  std::int64_t window, element;

  WindowPlace(const PoolSize& size, std::size_t axis, std::int64_t input)
      : window((input + size.padding[axis]) / size.kernel[axis]),
        element((input + size.padding[axis]) % size.kernel[axis]) {}
};

}  // namespace c3d
