#pragma once

#include <cstdint>

#include "core/kernels/bfloat16.h"

namespace c3d {

/// sums[c] = sum over all positions of values[position, c], in the same order whatever the number of threads:
/// the gradient of a convolution's bias. Values are floats or BFloat16.
template <typename Stored>
void channelSums(const Stored* values, std::int64_t positions, std::int64_t channels, float* sums);

}  // namespace c3d
