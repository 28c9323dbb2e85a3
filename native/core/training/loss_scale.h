#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace c3d {

struct LossScaleConfig {
  double initial = 1;
  double growthFactor = 1;   // > 1
  double backoffFactor = 1;  // < 1
  std::int64_t growthInterval = 1;
  double minimum = 0;  // gradients that are not finite at a lower scale will not become so
};

/// All that a checkpoint has to hold.
struct LossScaleState {
  double scale = 1;
  std::int64_t goodSteps = 0;  // running, since the scale was changed
};

/// Dynamic loss scaling, as torch.amp.GradScaler does it: the loss is multiplied by a scale before the
/// backward pass, so that small gradients do not vanish in float16, and the gradients are divided by it. A
/// step whose gradients are not finite is to be left out and lowers the scale by the factor of backing off;
/// `growthInterval` good ones running raise it by that of growth.
class LossScaler {
 public:
  /// nullopt: the scale is 1, and no gradient is looked at.
  explicit LossScaler(const std::optional<LossScaleConfig>& config);

  /// Of the step under way; nullopt where losses are not scaled.
  std::optional<double> scale() const;
  at::Tensor scaled(const at::Tensor& loss) const;
  /// Divides the gradients of a step in place and adapts the scale. False where any is NaN or infinite.
  /// Throws Error(NonFiniteLoss) where a lower scale would not help.
  bool unscale(const std::vector<at::Tensor>& gradients);

  const LossScaleState& state() const { return state_; }
  void load(const LossScaleState& state) { state_ = state; }

 private:
  void adapt(bool finite);

  std::optional<LossScaleConfig> config_;
  LossScaleState state_;
};

}  // namespace c3d
