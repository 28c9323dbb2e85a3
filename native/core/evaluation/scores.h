#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "core/video/clip.h"

namespace c3d {

/// How well the classes of videos that have any number of them are found: by the mean probability over a
/// video's clips, of which at least 0.5 is a yes. All are parts of 1.
struct MultiLabelScores {
  double meanAveragePrecision = 0;  // over the classes that have videos; 0 where none has
  double microF1 = 0;               // of all yes and no in one
  double macroF1 = 0;               // mean over the classes that are somewhere wanted or given
  double hammingLoss = 0;           // part of all yes and no that is wrong
  double subsetAccuracy = 0;        // part of the videos without a mistake
};

/// Accuracies are parts of 1. A clip's answer is the mean over its crops, a video's that over its clips
/// (paper, section 3.3), of the probabilities. Where clips have several classes, one of them among the best 1
/// or 5 is a hit, and those without a class do not count (hit@k; Karpathy et al., CVPR 2014, section 4.1).
struct Scores {
  double loss = 0;  // mean (binary) cross-entropy of the crops, unweighted
  double clipTop1 = 0;
  double clipTop5 = 0;
  double videoTop1 = 0;
  double videoTop5 = 0;
  std::int64_t clips = 0;
  std::int64_t videos = 0;
  std::optional<MultiLabelScores> multiLabel;
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
