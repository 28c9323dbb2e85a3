#include "core/training/targets.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

namespace c3d {

at::Tensor targetsOf(LossType loss, const std::vector<video::ClipSpec>& clips, const ClipData& data,
                     std::int64_t classes) {
  const auto count = static_cast<std::int64_t>(clips.size());
  if (loss == LossType::CrossEntropy) {
    auto labels = at::empty({count}, at::kLong);
    auto* values = labels.mutable_data_ptr<std::int64_t>();
    for (const auto& clip : clips) *values++ = clip.label;
    return labels;
  }
  auto targets = at::zeros({count, classes}, at::kFloat);
  auto* row = targets.mutable_data_ptr<float>();
  for (const auto& clip : clips) {
    for (const auto number : data.classes[static_cast<std::size_t>(clip.item)]) row[number] = 1;
    row += classes;
  }
  return targets;
}

double countRight(const at::Tensor& logits, const at::Tensor& targets) {
  if (targets.dim() == 1) return logits.argmax(1).eq(targets).sum().item<double>();
  return logits.gt(0).eq(targets.gt(0.5)).sum().item<double>() / static_cast<double>(targets.size(1));
}

}  // namespace c3d
