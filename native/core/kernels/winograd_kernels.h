#pragma once

// The kernels of winograd.h as 64 points, for its sources alone.

#include <cstdint>

#include "core/kernels/convolution_size.h"

namespace c3d::winograd {

/// Output channels of the weights that lie together, as products take them.
constexpr std::int64_t kPanel = 16;

/// Which convolution the points are for: the layer's, or that of the output's gradient which gives its
/// input's.
enum class Direction { Forward, Backward };

/// weights [outChannels, 27, inChannels] -> points [to / kPanel, 64, from, kPanel], where `from` are the
/// channels that are summed up and `to` those that come out: in and out forward, out and in backward.
void transformWeights(const ConvolutionSize& size, Direction direction, const float* weights, float* points);

/// Gradients of kLanes input channels' points, which are `stride` apart, to those of the weights, which are
/// `inChannels` apart; they are added to what is there unless `first`.
void transformPointGradients(const float* points, std::int64_t stride, std::int64_t inChannels, bool first,
                             float* weights);

}  // namespace c3d::winograd
