#pragma once

#include "core/cuda/program.h"

namespace c3d::cuda {

/// The device code of sgd_update.h; see kernels/sgd_update.cpp for what it computes.
inline constexpr Source kSgdSource{"sgd.cu", R"cuda(
typedef long long Index;

// velocity: null without momentum. `in` is what the gradient is multiplied by on its way into the velocity,
// `out` what that is on its way out.
extern "C" __global__ void sgdUpdate(float* parameter, const float* gradient, float* velocity, Index count,
                                     float in, float out, float decay, float momentum, int nesterov) {
  const Index step = (Index)gridDim.x * blockDim.x;
  for (Index i = (Index)blockIdx.x * blockDim.x + threadIdx.x; i < count; i += step) {
    const float w = parameter[i];
    const float g = in * (gradient[i] + decay * w);
    float v = g;
    if (velocity) {
      v = momentum * velocity[i] + g;
      velocity[i] = v;
      if (nesterov) v = g + momentum * v;
    }
    parameter[i] = w - out * v;
  }
}
)cuda"};

}  // namespace c3d::cuda
