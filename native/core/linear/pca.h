#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace c3d {

/// Principal components, the largest first.
struct PrincipalComponents {
  at::Tensor mean;           // float64 [d]
  at::Tensor components;     // float64 [k, d], rows of length 1, the largest entry of each positive; 0 where
                             // the features do not vary in as many directions
  at::Tensor variances;      // float64 [k], of the rows along each component, divided by n - 1
  double totalVariance = 0;  // along all of them, also those that are left out
};

/// The first `count` principal components of the rows of `features`, float64 [n, d], by the eigenvectors of
/// their covariance or, where there are fewer rows than values, of their inner products. Throws
/// Error(InvalidArgument) unless 1 <= count <= min(n - 1, d) and everything is finite.
PrincipalComponents principalComponents(const at::Tensor& features, std::int64_t count);

/// Places of the rows of `features` along the components: float64 [n, k].
at::Tensor project(const at::Tensor& features, const at::Tensor& mean, const at::Tensor& components);

}  // namespace c3d
