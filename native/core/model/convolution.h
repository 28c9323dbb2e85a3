#pragma once

#include <ATen/core/Tensor.h>

#include "core/model/prepared_weights.h"

namespace c3d {

/// 3D convolution with stride 1 and zero padding kernel / 2 in `type` (see computesInFloat32), whatever the
/// arguments' types are; gradients come in the arguments' own.
///
/// x [N, in, T, H, W], weight [out, in, kT, kH, kW] (odd sizes), bias [out] -> [N, out, T, H, W] of `type`.
/// On CUDA devices the bias may be undefined: what comes behind adds it then. `prepared`: of this layer; may
/// be null.
at::Tensor convolve(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                    at::ScalarType type, PreparedWeights* prepared = nullptr);

}  // namespace c3d
