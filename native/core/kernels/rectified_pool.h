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

/// A value's type: bfloat16 as its 16 bits.
enum class PoolType { Float32, BFloat16 };

/// What stands for "no element", where the ReLU let nothing pass. So windows have at most 255 elements.
constexpr std::uint8_t kNoElement = 255;

/// output = max over each window of max(0, input); NaN passes. `winners`, unless it is null, is told which
/// element of its window (counted row by row) each output is.
void rectifiedPool(const PoolSize& size, PoolType type, const void* input, void* output,
                   std::uint8_t* winners);

/// The gradient of the input: that of the output at each winner, else 0. Writes every element once.
void rectifiedPoolGradient(const PoolSize& size, PoolType type, const void* outputGradient,
                           const std::uint8_t* winners, void* inputGradient);

}  // namespace c3d
