#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

namespace c3d {

/// What `convolve` keeps of a layer's weights, in the form that its kernels take, from one pass without
/// gradients to the next; for 3x3x3 kernels 64/27 of the weights' memory. A pass with gradients, after which
/// the weights change, gives it back.
class PreparedWeights {
 public:
  /// `prepare` computes them if `weight` is another or has changed (by its version) since the last time.
  const at::Tensor& of(const at::Tensor& weight, const std::function<at::Tensor()>& prepare);
  void release() { prepared_.reset(); }

 private:
  const void* weight_ = nullptr;
  std::int64_t version_ = 0;
  at::Tensor prepared_;
};

/// 3D convolution with stride 1 and zero padding kernel / 2, computed in `type` whatever the arguments' types
/// are; gradients come in the arguments' own.
///
/// x [N, in, T, H, W], weight [out, in, kT, kH, kW] (odd sizes), bias [out] -> [N, out, T, H, W] of `type`.
/// On CUDA devices the bias may be undefined: what comes behind adds it then. `prepared`: of this layer; not
/// to be used on two threads at once; may be null.
at::Tensor convolve(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                    at::ScalarType type, PreparedWeights* prepared = nullptr);

}  // namespace c3d
