#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

namespace c3d {

/// A layer's weights in the form that its kernels take, kept from one pass without gradients to the next: the
/// points of Winograd's convolutions (for 3x3x3 kernels 64/27 of the weights' memory), or the weights rounded
/// to a lower precision. A pass with gradients, after which the weights change, gives them back. Not to be
/// used on two threads at once.
class PreparedWeights {
 public:
  /// `prepare` makes them, of type `type`, if `weight` is another, or has changed (by its version) or was
  /// prepared in another type the last time.
  const at::Tensor& of(const at::Tensor& weight, at::ScalarType type,
                       const std::function<at::Tensor()>& prepare);
  void release() { prepared_.reset(); }

 private:
  const void* weight_ = nullptr;
  std::int64_t version_ = 0;
  at::Tensor prepared_;
};

/// `weight` in `type`: `prepared`'s if it is not null and no gradients are wanted.
at::Tensor roundedWeights(const at::Tensor& weight, at::ScalarType type, PreparedWeights* prepared);

}  // namespace c3d
