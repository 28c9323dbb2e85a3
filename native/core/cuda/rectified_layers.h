#pragma once

#include <ATen/core/Tensor.h>

#include "core/kernels/rectified_pool.h"
#include "core/model/pooled.h"

namespace c3d::cuda {

/// Whether the functions below are made for these values: on a CUDA device, in float32, bfloat16 or float16,
/// and kernels can be compiled there.
bool canRectify(const at::Tensor& x);

// All activations are [N, C, T, H, W] in channels_last_3d, biases float32 [C]. The same input gives the same
// bits in every run: no sum depends on the order in which threads come.

/// max(0, x + bias) in one pass.
at::Tensor rectify(const at::Tensor& x, const at::Tensor& bias);

struct RectifyGradients {
  at::Tensor input;
  at::Tensor bias;  // undefined where it was not asked for
};

/// `output` is what rectify gave.
RectifyGradients rectifyGradients(const at::Tensor& gradient, const at::Tensor& output);

/// Max pooling of max(0, x + bias) in one pass. `bias` may be undefined: then nothing is added.
Pooled rectifyAndPool(const PoolSize& size, const at::Tensor& x, const at::Tensor& bias, bool keepWinners);

/// `biasToo`: whether the bias has a gradient.
RectifyGradients rectifyAndPoolGradients(const PoolSize& size, const at::Tensor& gradient,
                                         const at::Tensor& winners, bool biasToo);

}  // namespace c3d::cuda
