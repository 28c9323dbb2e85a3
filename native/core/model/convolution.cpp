#include "core/model/convolution.h"

#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv3d.h>

#include <array>

namespace c3d {
namespace {

/// oneDNN's weight gradient of a bfloat16 convolution (LibTorch 2.13.0 and 2.14.1, jit_bf16:avx512_core_bf16)
/// is uninitialised memory, and can corrupt the heap, where the input has at least two frames but fewer than
/// the kernel. It is right when the frames are padded beforehand.
bool needsPaddedFrames(const at::Tensor& x, std::int64_t kernelDepth) {
  return x.is_cpu() && x.scalar_type() != at::kFloat && x.size(2) > 1 && x.size(2) < kernelDepth;
}

}  // namespace

at::Tensor convolve(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                    at::ScalarType type) {
  auto input = x.to(type);
  std::array<std::int64_t, 3> padding{weight.size(2) / 2, weight.size(3) / 2, weight.size(4) / 2};
  if (needsPaddedFrames(input, weight.size(2))) {
    input = at::constant_pad_nd(input, {0, 0, 0, 0, padding[0], padding[0]});  // from the last dimension on
    padding[0] = 0;
  }
  return at::conv3d(input, weight.to(type), bias.to(type), /*stride=*/1, padding);
}

}  // namespace c3d
