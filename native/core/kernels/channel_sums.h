#pragma once

#include <cstdint>

namespace c3d {

/// sums[c] = sum over all positions of values[position, c], in the same order whatever the number of threads:
/// the gradient of a convolution's bias.
void channelSums(const float* values, std::int64_t positions, std::int64_t channels, float* sums);

}  // namespace c3d
