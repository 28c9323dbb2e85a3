#pragma once

#include <ATen/core/Tensor.h>

#include "core/kernels/bfloat16.h"

namespace c3d {

/// Calls `compute` for the type that the tensor's numbers are stored in, float or BFloat16.
template <typename Compute>
auto forStored(const at::Tensor& tensor, const Compute& compute) {
  if (tensor.scalar_type() == at::kFloat) return compute.template operator()<float>();
  return compute.template operator()<BFloat16>();
}

template <typename Stored>
const Stored* valuesOf(const at::Tensor& tensor) {
  return static_cast<const Stored*>(tensor.const_data_ptr());
}

template <typename Stored>
Stored* mutableValuesOf(const at::Tensor& tensor) {
  return static_cast<Stored*>(tensor.mutable_data_ptr());
}

}  // namespace c3d
