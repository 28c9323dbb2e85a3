#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "core/kernels/normalization.h"

namespace c3d {

/// A batch normalization behind a convolution, float32 [C] each.
struct BatchNormTensors {
  at::Tensor convolutionBias;  // has not been added to the values, and is not: only statistics feel it
  at::Tensor weight, bias, runningMean, runningVariance;
};

/// Mean and 1 / sqrt(variance + epsilon) of each channel, without the convolution's bias: float64 [2, C], on
/// the CPU.
///
/// Those of the values x [N, C, T, H, W], float32 or bfloat16 in channels_last_3d; takes them into the
/// running ones as LibTorch does, with momentum 0.1 and the unbiased variance.
at::Tensor batchStatistics(const at::Tensor& x, const BatchNormTensors& norm);
/// The running ones.
at::Tensor runningStatistics(const BatchNormTensors& norm);

/// (x - mean) / deviation * weight + bias.
ChannelNormalization normalizationOf(const at::Tensor& statistics, const at::Tensor& weight,
                                     const at::Tensor& bias);

struct BatchNormGradients {
  NormalizationGradient input;
  at::Tensor convolutionBias, weight, bias;
};

/// `values`: of each channel, if the statistics are of the batch itself, else 0.
BatchNormGradients gradientsOf(const NormalizationSums& sums, const at::Tensor& statistics,
                               const at::Tensor& weight, std::int64_t values);

}  // namespace c3d
