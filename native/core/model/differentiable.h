#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

namespace c3d {

using Tensors = std::vector<at::Tensor>;

/// An operation that brings its own gradient to LibTorch's autograd. Its members are what the operation is
/// made with; one object serves one call.
class DifferentiableOperation {
 public:
  virtual ~DifferentiableOperation() = default;
  /// The output. All inputs are defined. What is put into `saved` is at hand for the gradient.
  virtual at::Tensor forward(const Tensors& inputs, Tensors& saved) const = 0;
  /// The gradients of the inputs, given that of the output. Those that are not `wanted` may be undefined.
  virtual Tensors backward(const at::Tensor& gradient, const Tensors& saved,
                           const std::vector<bool>& wanted) const = 0;
};

/// Whether an operation on these needs a gradient. If not, leave autograd out.
bool needsGradient(const Tensors& inputs);

at::Tensor applyWithGradient(std::shared_ptr<const DifferentiableOperation> operation, const Tensors& inputs);

/// Whether the backward pass that goes on is the last to look at a tensor of `saved`, and nobody else has it:
/// then it may be written over.
bool isLastUse(const at::Tensor& saved);

}  // namespace c3d
