#include "core/linear/pca.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/where.h>

#include <algorithm>
#include <string>
#include <tuple>

#include "core/runtime/error.h"

namespace c3d {
namespace {

/// Variances below this part of the largest are rounding errors.
constexpr double kNoVariance = 1e-13;

void requireUsable(const at::Tensor& features, std::int64_t count) {
  const auto most = std::min(features.size(0) - 1, features.size(1));
  if (count < 1 || count > most)
    throw Error(ErrorCode::InvalidArgument,
                "Expected 1 to " + std::to_string(most) + " principal components of " +
                    std::to_string(features.size(0)) + " rows of " + std::to_string(features.size(1)) +
                    " values, got " + std::to_string(count) + ".");
  if (!features.isfinite().all().item<bool>())
    throw Error(ErrorCode::InvalidArgument, "Expected finite features, but some are NaN or infinite.");
}

/// Eigenvectors may point either way; this makes the answer the same everywhere.
at::Tensor withPositiveLargest(const at::Tensor& components) {
  const auto largest = components.gather(1, components.abs().argmax(1, /*keepdim=*/true));
  return components * largest.sign();
}

}  // namespace

PrincipalComponents principalComponents(const at::Tensor& features, std::int64_t count) {
  const at::NoGradGuard noGrad;
  requireUsable(features, count);
  const auto mean = features.mean(0);
  const auto centred = features - mean;
  const auto rowsAreFewer = features.size(0) < features.size(1);
  const auto products = rowsAreFewer ? at::matmul(centred, centred.t()) : at::matmul(centred.t(), centred);
  const auto [values, vectors] = at::linalg_eigh(products);  // ascending
  const auto chosen = vectors.narrow(1, vectors.size(1) - count, count).flip(1).t();
  const auto squares = values.narrow(0, values.size(0) - count, count).flip(0).clamp_min(0);
  auto components = rowsAreFewer ? at::matmul(chosen, centred) : chosen;
  const auto varies = squares.gt(values.max() * kNoVariance).unsqueeze(1);
  components = at::where(varies, components / components.norm(2, {1}, /*keepdim=*/true), 0);
  const auto scale = static_cast<double>(features.size(0) - 1);
  return {mean, withPositiveLargest(components).contiguous(), squares / scale,
          values.clamp_min(0).sum().item<double>() / scale};
}

at::Tensor project(const at::Tensor& features, const at::Tensor& mean, const at::Tensor& components) {
  const at::NoGradGuard noGrad;
  return at::matmul(features - mean, components.t());
}

}  // namespace c3d
