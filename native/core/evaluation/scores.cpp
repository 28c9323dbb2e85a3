#include "core/evaluation/scores.h"

namespace c3d {
namespace {

/// How many classes score higher than the label's: 0 is a hit at 1, below 5 a hit at 5.
std::int64_t rankOf(const at::Tensor& scores, std::int64_t label) {
  return scores.gt(scores[label]).sum().item<std::int64_t>();
}

}  // namespace

void ScoreAccumulator::add(const std::vector<video::ClipSpec>& clips, const at::Tensor& logits) {
  const auto logProbabilities = logits.log_softmax(1);
  for (std::size_t i = 0; i < clips.size(); ++i) {
    const auto& clip = clips[i];
    const auto row = logProbabilities[static_cast<std::int64_t>(i)];
    lossSum_ -= row[clip.label].item<double>();
    const auto rank = rankOf(row, clip.label);
    top1_ += rank < 1;
    top5_ += rank < 5;
    ++clips_;
    auto& video = videos_[clip.item];
    video.label = clip.label;
    video.probabilities = video.probabilities.defined() ? video.probabilities.add(row.exp()) : row.exp();
  }
}

Scores ScoreAccumulator::scores() const {
  std::int64_t videoTop1 = 0;
  std::int64_t videoTop5 = 0;
  for (const auto& [item, video] : videos_) {
    const auto rank = rankOf(video.probabilities, video.label);
    videoTop1 += rank < 1;
    videoTop5 += rank < 5;
  }
  const auto videos = static_cast<std::int64_t>(videos_.size());
  const auto part = [](std::int64_t hits, std::int64_t all) {
    return all == 0 ? 0.0 : static_cast<double>(hits) / static_cast<double>(all);
  };
  return {clips_ == 0 ? 0 : lossSum_ / static_cast<double>(clips_),
          part(top1_, clips_),
          part(top5_, clips_),
          part(videoTop1, videos),
          part(videoTop5, videos),
          clips_,
          videos};
}

}  // namespace c3d
