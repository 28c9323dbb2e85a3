#pragma once

#include <ATen/core/Tensor.h>

namespace c3d {

/// Whether biasedRelu is made for these values: on CUDA devices.
bool canFuseBiasAndRelu(const at::Tensor& x);

/// max(0, x + bias) in one pass, whose gradient takes one pass as well, that of the bias included.
///
/// x [N, C, T, H, W], bias float32 [C] -> x's type and shape.
at::Tensor biasedRelu(const at::Tensor& x, const at::Tensor& bias);

}  // namespace c3d
