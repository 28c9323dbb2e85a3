#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "core/evaluation/scores.h"
#include "core/video/clip.h"

namespace c3d {

/// Gathers logits batch by batch, like ScoreAccumulator, of a network whose outputs are one yes or no for
/// each class: a probability is the sigmoid of its logit.
class MultiLabelAccumulator {
 public:
  /// `itemClasses`: class numbers of every item; must outlive this.
  MultiLabelAccumulator(const std::vector<std::vector<std::int32_t>>& itemClasses, std::int64_t classes);

  /// logits: float32 [clips.size(), classes] on the CPU.
  void add(const std::vector<video::ClipSpec>& clips, const at::Tensor& logits);
  /// With `multiLabel`; see MultiLabelScores.
  Scores scores() const;

 private:
  struct Answer {
    std::vector<double> probabilities;  // sums of `count` crops
    std::int64_t count = 0;
  };
  template <typename Answers, typename ItemOf>
  std::pair<double, double> hitsOf(const Answers& answers, ItemOf itemOf) const;
  MultiLabelScores multiLabelScores() const;

  const std::vector<std::vector<std::int32_t>>& itemClasses_;
  std::int64_t classes_;
  double lossSum_ = 0;
  std::int64_t crops_ = 0;
  std::map<std::pair<std::int32_t, std::int64_t>, Answer> clips_;  // by item and start
  std::map<std::int32_t, Answer> videos_;                          // by item
};

}  // namespace c3d
