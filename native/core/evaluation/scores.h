#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <vector>

#include "core/video/clip.h"

namespace c3d {

/// Accuracies are parts of 1. A video's answer is the mean of its clips' probabilities (paper, section 3.3).
struct Scores {
  double loss = 0;  // mean cross-entropy of the clips
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
  struct Video {
    std::int64_t label = 0;
    at::Tensor probabilities;  // sum over clips, [classes]
  };

  double lossSum_ = 0;
  std::int64_t clips_ = 0;
  std::int64_t top1_ = 0;
  std::int64_t top5_ = 0;
  std::map<std::int32_t, Video> videos_;  // by item
};

}  // namespace c3d
