#pragma once

#include "core/model/architecture.h"
#include "core/model/precision.h"

namespace c3d {

/// A convolution of a network, as far as the choice of its kernel on a device depends on it.
struct ConvolutionShape {
  std::int64_t channels = 0;
  std::int64_t filters = 0;
  Size3 kernel{};
  Size3 input{};  // [frames, height, width]
};

/// How far results are from float32's: the norm of the difference over the norm of float32's. Infinite where
/// anything is NaN or infinite.
struct ConvolutionErrors {
  double output = 0;
  double inputGradient = 0;
  double weightGradient = 0;
};

/// Computes a convolution and its gradients on two random clips, as the network does, in `precision` and in
/// float32. The same arguments give the same clips.
ConvolutionErrors checkConvolution(const ConvolutionShape& shape, Precision precision,
                                   const at::Device& device);

}  // namespace c3d
