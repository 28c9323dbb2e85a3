#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <vector>

namespace c3d {

struct LossConfig {
  double labelSmoothing = 0;         // part of the target that all classes share
  double focalGamma = 0;             // 0: plain cross-entropy
  std::vector<double> classWeights;  // empty: all 1
};

/// Cross-entropy of a step's clips, which may come in several passes. With p the softmax of a clip's logits,
/// y its class, K classes, weights w and smoothing e, a clip adds
///
///     plain:     (1 - e) w_y (-log p_y) + e / K sum_k w_k (-log p_k)     (torch.nn.CrossEntropyLoss)
///     focal:     w_y (1 - p_y)^gamma (-log p_y)                          (Lin et al., ICCV 2017, section 3)
///
/// and the loss of the step is the sum over its clips divided by the sum of their w_y. So passes of any sizes
/// give the gradient of the whole.
class Loss {
 public:
  /// `labels`: int64 [n], of all clips of the step, on the device of the logits.
  Loss(const LossConfig& config, const at::Tensor& labels);

  /// The part of the step's loss that clips with these logits [n, K] and labels [n] have.
  at::Tensor part(const at::Tensor& logits, const at::Tensor& labels) const;

 private:
  at::Tensor focal(const at::Tensor& logits, const at::Tensor& labels) const;

  const LossConfig& config_;
  std::optional<at::Tensor> weights_;  // [K]
  double divisor_;
};

}  // namespace c3d
