#include "core/training/loss.h"

#include <ATen/core/Reduction.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/tensor.h>

#include <cstdint>

namespace c3d {
namespace {

constexpr std::int64_t kNoIgnoredLabel = -100;

std::optional<at::Tensor> weightsOf(const LossConfig& config, const at::Tensor& labels) {
  if (config.classWeights.empty()) return std::nullopt;
  return at::tensor(config.classWeights, at::TensorOptions(at::kFloat)).to(labels.device());
}

}  // namespace

Loss::Loss(const LossConfig& config, const at::Tensor& labels)
    : config_(config),
      weights_(weightsOf(config, labels)),
      divisor_(weights_ ? weights_->index_select(0, labels).sum().item<double>()
                        : static_cast<double>(labels.numel())) {}

at::Tensor Loss::part(const at::Tensor& logits, const at::Tensor& labels) const {
  const auto sum = config_.focalGamma > 0
                       ? focal(logits, labels)
                       : at::cross_entropy_loss(logits, labels, weights_, at::Reduction::Sum, kNoIgnoredLabel,
                                                config_.labelSmoothing);
  return sum.div(divisor_);
}

at::Tensor Loss::focal(const at::Tensor& logits, const at::Tensor& labels) const {
  const auto each = at::cross_entropy_loss(logits, labels, {}, at::Reduction::None);  // -log p_y
  // 1 - p without a loss of digits near p = 1; kept above 0, where a power's gradient may be infinite.
  const auto wrong = each.neg().expm1().neg().clamp_min(1e-12);
  const auto losses = wrong.pow(config_.focalGamma).mul(each);
  return (weights_ ? losses.mul(weights_->index_select(0, labels)) : losses).sum();
}

}  // namespace c3d
