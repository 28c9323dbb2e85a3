#pragma once

#include <ATen/core/Tensor.h>

#include <set>
#include <string>

namespace c3d {

enum class Precision { Float32, BFloat16, Float16 };

constexpr at::ScalarType scalarType(Precision precision) {
  switch (precision) {
    case Precision::Float32:
      return at::kFloat;
    case Precision::BFloat16:
      return at::kBFloat16;
    case Precision::Float16:
      return at::kHalf;
  }
  return at::kFloat;
}

/// Whether layers compute in float32 with activations that are kept in `type`: in float32 itself, and on CPUs
/// without instructions for bfloat16, where LibTorch's own code for it takes minutes.
bool computesInFloat32(const at::Device& device, at::ScalarType type);

/// Mixed precision in the manner of torch.autocast: convolutions and linear layers multiply in `precision`,
/// and activations are kept in it. The weights stay float32 and are cast for a pass, unless
/// computesInFloat32; their gradients, batch norm's statistics and the logits are float32.
struct MixedPrecision {
  Precision precision = Precision::Float32;
  std::set<std::string> float32Layers;  // convolutions that compute in float32 all the same

  at::ScalarType typeOf(const std::string& layer) const {
    return float32Layers.contains(layer) ? at::kFloat : scalarType(precision);
  }
};

}  // namespace c3d
