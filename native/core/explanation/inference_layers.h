#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <string>
#include <unordered_map>

#include "core/model/c3d.h"

namespace c3d {

/// What one layer made of its input.
struct LayerPass {
  at::Tensor input;
  at::Tensor output;    // as C3D::forward gives it: after batch norm and ReLU
  at::Tensor switches;  // of a pool: where each maximum was, int64 places in the [T, H, W] of the input
};

/// The layers of a network one at a time, computed as for an answer: in float32, without dropout, batch norm
/// by its running statistics. For what looks at the activations in between. Shares the network's weights, of
/// which no gradients are taken; callers hold a ComputeTurn.
class InferenceLayers {
 public:
  explicit InferenceLayers(const C3D& network);

  /// The classifier is the last one.
  std::size_t count() const { return architecture_.layers.size() + 1; }
  /// Throws Error(InvalidArgument) for a layer that the network does not have.
  std::size_t placeOf(const std::string& layer) const;
  /// Whether it is a convolution or a pool, whose output is [N, C, T, H, W]; of all others it is [N, units].
  bool isVolume(std::size_t layer) const;
  /// Whether its output went through a ReLU.
  bool isRectified(std::size_t layer) const;

  LayerPass forward(std::size_t layer, const at::Tensor& input) const;

  /// A signal of the shape of the layer's output, taken back to the shape of its input: by the transposed
  /// filters of a convolution (with batch norm as a factor of each filter, as which it acts) or linear layer,
  /// by the switches of a pool. ReLUs are the caller's.
  at::Tensor backward(std::size_t layer, const LayerPass& pass, const at::Tensor& signal) const;

 private:
  bool isClassifier(std::size_t layer) const { return layer == architecture_.layers.size(); }
  const std::string& nameOf(std::size_t layer) const;
  const at::Tensor& tensor(const std::string& key) const { return tensors_.at(key); }
  LayerPass apply(const ConvLayer& layer, const at::Tensor& input) const;
  static LayerPass apply(const PoolLayer& layer, const at::Tensor& input);
  LayerPass applyLinear(const std::string& name, const at::Tensor& input) const;
  at::Tensor takeBack(const ConvLayer& layer, const at::Tensor& signal) const;
  static at::Tensor takeBack(const LayerPass& pass, const at::Tensor& signal);

  const Architecture& architecture_;
  std::unordered_map<std::string, at::Tensor> tensors_;  // the state dict, detached
};

}  // namespace c3d
