#include "core/kernels/sgd_update.h"

#include <algorithm>

#include "core/kernels/cpu_features.h"
#include "core/runtime/parallel.h"

namespace c3d {
namespace {

constexpr std::int64_t kTask = 1 << 16;  // values of a task

C3D_VECTORIZED void descend(float rate, float decay, float* w, const float* g, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) w[i] -= rate * (g[i] + decay * w[i]);
}

/// `in` is what the gradient is multiplied by on its way into the velocity, `out` what that is on its way
/// out.
C3D_VECTORIZED void descendByVelocity(float in, float out, float decay, float momentum, float* w,
                                      const float* g, float* v, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    v[i] = momentum * v[i] + in * (g[i] + decay * w[i]);
    w[i] -= out * v[i];
  }
}

C3D_VECTORIZED void descendByNesterov(float in, float out, float decay, float momentum, float* w,
                                      const float* g, float* v, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    const float gradient = in * (g[i] + decay * w[i]);
    v[i] = momentum * v[i] + gradient;
    w[i] -= out * (gradient + momentum * v[i]);
  }
}

void update(const SgdRule& rule, const SgdValues& values, std::int64_t first, std::int64_t count) {
  auto* w = values.parameter + first;
  const auto* g = values.gradient + first;
  if (values.velocity == nullptr) return descend(rule.rate, rule.decay, w, g, count);
  const float in = rule.caffe ? rule.rate : 1;
  const float out = rule.caffe ? 1 : rule.rate;
  const auto step = rule.nesterov ? descendByNesterov : descendByVelocity;
  step(in, out, rule.decay, rule.momentum, w, g, values.velocity + first, count);
}

}  // namespace

void updateBySgd(const SgdRule& rule, const std::vector<SgdValues>& parameters) {
  struct Piece {
    const SgdValues* values;
    std::int64_t first;
  };
  std::vector<Piece> pieces;
  for (const auto& values : parameters)
    for (std::int64_t first = 0; first < values.count; first += kTask) pieces.push_back({&values, first});
  parallelFor(static_cast<std::int64_t>(pieces.size()), [&](std::int64_t i) {
    const auto& [values, first] = pieces[static_cast<std::size_t>(i)];
    update(rule, *values, first, std::min(kTask, values->count - first));
  });
}

}  // namespace c3d
