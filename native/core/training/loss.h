#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <vector>

namespace c3d {

enum class LossType {
  CrossEntropy,       // a clip has one class
  BinaryCrossEntropy  // a clip has any number of classes: multi-label
};

struct LossConfig {
  LossType type = LossType::CrossEntropy;
  double labelSmoothing = 0;            // part of the target that all classes share, or that both answers do
  double focalGamma = 0;                // 0: plain cross-entropy
  std::vector<double> classWeights;     // CrossEntropy; empty: all 1
  std::vector<double> positiveWeights;  // BinaryCrossEntropy; empty: all 1
};

/// Loss of a step's clips, which may come in several passes. K classes, smoothing e.
///
/// Cross-entropy, with p the softmax of a clip's logits, y its class and class weights w; a clip adds
///
///     plain:     (1 - e) w_y (-log p_y) + e / K sum_k w_k (-log p_k)     (torch.nn.CrossEntropyLoss)
///     focal:     w_y (1 - p_y)^gamma (-log p_y)                          (Lin et al., ICCV 2017, section 3)
///
/// and the loss of the step is the sum over its clips divided by the sum of their w_y.
///
/// Binary cross-entropy, with p the sigmoid of a logit, t its target (0 or 1; with smoothing
/// (1 - e) t + e / 2) and the class's positive weight w; a clip and class adds
///
///     plain:     w t (-log p) + (1 - t) (-log(1 - p))                    (torch.nn.BCEWithLogitsLoss)
///     focal:     w t (1 - p)^gamma (-log p) + (1 - t) p^gamma (-log(1 - p))
///
/// and the loss of the step is the mean over its clips and classes.
///
/// So passes of any sizes give the gradient of the whole.
class Loss {
 public:
  /// `targets`: of all clips of the step, on the device of the logits; see targetsOf.
  Loss(const LossConfig& config, const at::Tensor& targets);

  /// The part of the step's loss that clips with these logits [n, K] and targets have.
  at::Tensor part(const at::Tensor& logits, const at::Tensor& targets) const;

 private:
  at::Tensor crossEntropy(const at::Tensor& logits, const at::Tensor& labels) const;
  at::Tensor binary(const at::Tensor& logits, const at::Tensor& targets) const;

  const LossConfig& config_;
  std::optional<at::Tensor> weights_;  // [K], of the classes or of their positives
  double divisor_;
};

}  // namespace c3d
