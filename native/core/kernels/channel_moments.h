#pragma once

#include <cstdint>
#include <vector>

#include "core/kernels/bfloat16.h"

namespace c3d {

/// Of the values of each channel.
struct ChannelMoments {
  std::vector<double> mean;
  std::vector<double> squares;  // sums of the squared deviations from the mean
};

/// Of values [positions, channels], floats or BFloat16, at least one position. In the same order whatever the
/// number of threads, and as exact where the mean is many times the deviation as where it is 0: runs of
/// positions are summed up as deviations from a value near their mean, and merged by the rule of Chan, Golub
/// and LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances" (1979).
template <typename Stored>
ChannelMoments channelMoments(const Stored* values, std::int64_t positions, std::int64_t channels);

}  // namespace c3d
