#include "core/training/loss_scale.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_amp_foreach_non_finite_check_and_unscale.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>

#include <limits>

#include "core/runtime/error.h"

namespace c3d {

LossScaler::LossScaler(const std::optional<LossScaleConfig>& config) : config_(config) {
  if (config_) state_.scale = config_->initial;
}

std::optional<double> LossScaler::scale() const {
  return config_ ? std::optional(state_.scale) : std::nullopt;
}

at::Tensor LossScaler::scaled(const at::Tensor& loss) const {
  return config_ ? loss.mul(state_.scale) : loss;
}

bool LossScaler::unscale(const std::vector<at::Tensor>& gradients) {
  if (!config_ || gradients.empty()) return true;
  const at::NoGradGuard noGrad;
  const auto options = gradients.front().options().dtype(at::kFloat);
  auto foundInfinite = at::zeros({1}, options);
  at::_amp_foreach_non_finite_check_and_unscale_(gradients, foundInfinite,
                                                 at::full({1}, 1 / state_.scale, options));
  const bool finite = foundInfinite.item<float>() == 0;
  if (!finite && state_.scale < config_->minimum)
    throw Error(ErrorCode::NonFiniteLoss,
                "The gradients are not finite, at whatever loss scale. Lower the learning rate, or train in "
                "'bfloat16' or 'float32'.");
  adapt(finite);
  return finite;
}

void LossScaler::adapt(bool finite) {
  if (!finite) {
    state_.scale *= config_->backoffFactor;
    state_.goodSteps = 0;
    return;
  }
  if (++state_.goodSteps < config_->growthInterval) return;
  const auto grown = state_.scale * config_->growthFactor;
  if (grown <= std::numeric_limits<float>::max()) state_.scale = grown;
  state_.goodSteps = 0;
}

}  // namespace c3d
