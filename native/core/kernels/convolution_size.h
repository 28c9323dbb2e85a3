#pragma once

#include <array>
#include <cstdint>

namespace c3d {

/// A convolution with stride 1, odd kernel and zero padding kernel / 2, so that the output is as large as the
/// input. In the kernels, activations lie in memory as [clips, frames, height, width, channels] and weights
/// as [outChannels, kernel..., inChannels]: LibTorch's channels_last_3d.
struct ConvolutionSize {
  std::int64_t clips, inChannels, outChannels, frames, height, width;
  std::array<std::int64_t, 3> kernel;  // frames, height, width

  std::int64_t taps() const { return kernel[0] * kernel[1] * kernel[2]; }
};

/// The part of [first, last) from which the index shifted by `offset` stays within [0, size).
struct Overlap {
  std::int64_t first, last;

  Overlap(std::int64_t start, std::int64_t end, std::int64_t offset, std::int64_t size)
      : first(start > -offset ? start : -offset), last(end < size - offset ? end : size - offset) {}
  bool empty() const { return first >= last; }
  std::int64_t length() const { return last - first; }
};

}  // namespace c3d
