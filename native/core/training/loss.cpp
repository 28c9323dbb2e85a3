#include "core/training/loss.h"

#include <ATen/core/Reduction.h>
#include <ATen/ops/binary_cross_entropy_with_logits.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/log_sigmoid.h>
#include <ATen/ops/tensor.h>

#include <cstdint>

namespace c3d {
namespace {

constexpr std::int64_t kNoIgnoredLabel = -100;

std::optional<at::Tensor> weightsOf(const LossConfig& config, const at::Device& device) {
  const auto& weights = config.type == LossType::CrossEntropy ? config.classWeights : config.positiveWeights;
  if (weights.empty()) return std::nullopt;
  return at::tensor(weights, at::TensorOptions(at::kFloat)).to(device);
}

/// What the clips count together.
double divisorOf(const LossConfig& config, const std::optional<at::Tensor>& weights,
                 const at::Tensor& targets) {
  const auto isWeighted = config.type == LossType::CrossEntropy && weights;
  return isWeighted ? weights->index_select(0, targets).sum().item<double>()
                    : static_cast<double>(targets.numel());
}

at::Tensor focalCrossEntropy(const at::Tensor& logits, const at::Tensor& labels, double gamma,
                             const std::optional<at::Tensor>& weights) {
  const auto each = at::cross_entropy_loss(logits, labels, {}, at::Reduction::None);  // -log p_y
  // 1 - p without a loss of digits near p = 1; kept above 0, where a power's gradient may be infinite.
  const auto wrong = each.neg().expm1().neg().clamp_min(1e-12);
  const auto losses = wrong.pow(gamma).mul(each);
  return (weights ? losses.mul(weights->index_select(0, labels)) : losses).sum();
}

at::Tensor focalBinary(const at::Tensor& logits, const at::Tensor& targets, double gamma,
                       const std::optional<at::Tensor>& weights) {
  const auto logYes = at::log_sigmoid(logits);
  const auto logNo = at::log_sigmoid(logits.neg());
  const auto yes = logNo.mul(gamma).exp().mul(logYes).mul(targets);
  const auto no = logYes.mul(gamma).exp().mul(logNo).mul(targets.neg().add(1));
  return (weights ? yes.mul(*weights) : yes).add(no).sum().neg();
}

}  // namespace

Loss::Loss(const LossConfig& config, const at::Tensor& targets)
    : config_(config),
      weights_(weightsOf(config, targets.device())),
      divisor_(divisorOf(config, weights_, targets)) {}

at::Tensor Loss::part(const at::Tensor& logits, const at::Tensor& targets) const {
  const auto sum =
      config_.type == LossType::CrossEntropy ? crossEntropy(logits, targets) : binary(logits, targets);
  return sum.div(divisor_);
}

at::Tensor Loss::crossEntropy(const at::Tensor& logits, const at::Tensor& labels) const {
  if (config_.focalGamma > 0) return focalCrossEntropy(logits, labels, config_.focalGamma, weights_);
  return at::cross_entropy_loss(logits, labels, weights_, at::Reduction::Sum, kNoIgnoredLabel,
                                config_.labelSmoothing);
}

at::Tensor Loss::binary(const at::Tensor& logits, const at::Tensor& targets) const {
  if (config_.focalGamma > 0) return focalBinary(logits, targets, config_.focalGamma, weights_);
  const auto smoothing = config_.labelSmoothing;
  const auto smoothed = smoothing > 0 ? targets.mul(1 - smoothing).add(smoothing / 2) : targets;
  return at::binary_cross_entropy_with_logits(logits, smoothed, {}, weights_, at::Reduction::Sum);
}

}  // namespace c3d
