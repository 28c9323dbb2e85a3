#include "core/evaluation/scores.h"

#include <algorithm>

namespace c3d {
namespace {

/// How many classes score higher than the label's: 0 is a hit at 1, below 5 a hit at 5.
std::int64_t rankOf(const at::Tensor& scores, std::int64_t label) {
  return scores.gt(scores[label]).sum().item<std::int64_t>();
}

/// Parts of the answers whose label is among the best 1 and 5.
template <typename Answers>
std::pair<double, double> topOneAndFive(const Answers& answers) {
  std::int64_t top1 = 0;
  std::int64_t top5 = 0;
  for (const auto& [key, answer] : answers) {
    const auto rank = rankOf(answer.probabilities, answer.label);
    top1 += rank < 1;
    top5 += rank < 5;
  }
  const auto all = std::max<double>(static_cast<double>(answers.size()), 1);
  return {static_cast<double>(top1) / all, static_cast<double>(top5) / all};
}

}  // namespace

void ScoreAccumulator::add(const std::vector<video::ClipSpec>& clips, const at::Tensor& logits) {
  const auto logProbabilities = logits.log_softmax(1);
  for (std::size_t i = 0; i < clips.size(); ++i) {
    const auto& clip = clips[i];
    const auto row = logProbabilities[static_cast<std::int64_t>(i)];
    lossSum_ -= row[clip.label].item<double>();
    ++crops_;
    const auto probabilities = row.exp();
    add(clips_[{clip.item, clip.start}], clip.label, probabilities);
    add(videos_[clip.item], clip.label, probabilities);
  }
}

void ScoreAccumulator::add(Answer& answer, std::int64_t label, const at::Tensor& probabilities) {
  answer.label = label;
  answer.probabilities =
      answer.probabilities.defined() ? answer.probabilities.add(probabilities) : probabilities;
}

Scores ScoreAccumulator::scores() const {
  const auto [clipTop1, clipTop5] = topOneAndFive(clips_);
  const auto [videoTop1, videoTop5] = topOneAndFive(videos_);
  return {crops_ == 0 ? 0 : lossSum_ / static_cast<double>(crops_),
          clipTop1,
          clipTop5,
          videoTop1,
          videoTop5,
          static_cast<std::int64_t>(clips_.size()),
          static_cast<std::int64_t>(videos_.size()),
          std::nullopt};
}

}  // namespace c3d
