#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "core/video/clip.h"

namespace c3d {

/// Accuracies are parts of 1. A clip's answer is the mean over its crops, a video's that over its clips
/// (paper, section 3.3), of the probabilities.
struct Scores {
  double loss = 0;  // mean cross-entropy of the crops
  double clipTop1 = 0;
  double clipTop5 = 0;
  double videoTop1 = 0;
  double videoTop5 = 0;
  std::int64_t clips = 0;
  std::int64_t videos = 0;
};

/// Gathers logits batch by batch.
class ScoreAccumulator {
 public:
  /// logits: float32 [clips.size(), classes] on the CPU.
  void add(const std::vector<video::ClipSpec>& clips, const at::Tensor& logits);
  Scores scores() const;

 private:
  struct Answer {
    std::int64_t label = 0;
    at::Tensor probabilities;  // sum, [classes]
  };
  static void add(Answer& answer, std::int64_t label, const at::Tensor& probabilities);

  double lossSum_ = 0;
  std::int64_t crops_ = 0;
  std::map<std::pair<std::int32_t, std::int64_t>, Answer> clips_;  // by item and start
  std::map<std::int32_t, Answer> videos_;                          // by item
};

}  // namespace c3d
