#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "core/model/architecture.h"
#include "core/model/batch_statistics.h"

namespace c3d {

/// Whether the functions below are made for values of this device and type: for the CPU's, in float32 and
/// bfloat16.
bool canNormalizeAndRectify(const at::Device& device, at::ScalarType type);

/// Batch normalization and ReLU, or also the max pool behind them, in one pass over x, and one before it for
/// the batch's statistics if `training`, else with the running ones. For the gradients x is kept, and of a
/// pool a byte for every output; the gradients take one pass for their sums and another that, where it is the
/// last to look at x, writes the gradient of x in its place.
///
/// x [N, C, T, H, W], the output of the convolution without its bias, which is overwritten where no gradients
/// are wanted -> of its type, [N, C, T, H, W] or [N, ...output], where `output` is LayerSummary's
/// [C, T', H', W']; the pool must be one of canFuseReluAndPool.
at::Tensor normalizeAndRelu(const at::Tensor& x, const BatchNormTensors& norm, bool training);
at::Tensor normalizeReluAndPool(const at::Tensor& x, const BatchNormTensors& norm, bool training,
                                const PoolLayer& pool, const std::vector<std::int64_t>& output);

}  // namespace c3d
