#include "core/evaluation/multi_label_scores.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

namespace c3d {
namespace {

constexpr double kThreshold = 0.5;

bool contains(const std::vector<std::int32_t>& classes, std::int64_t number) {
  return std::find(classes.begin(), classes.end(), number) != classes.end();
}

/// -log of a sigmoid, for a logit of any size.
double softplus(double negatedLogit) {
  return std::max(negatedLogit, 0.0) + std::log1p(std::exp(-std::abs(negatedLogit)));
}

struct Ranked {
  double score = 0;
  bool relevant = false;
};

/// Sum over k of (R_k - R_(k-1)) P_k, without interpolation; equal scores count as one. At least one must be
/// relevant.
double averagePrecision(std::vector<Ranked> ranking) {
  std::sort(ranking.begin(), ranking.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
  double found = 0;
  double foundBefore = 0;
  double sum = 0;
  for (std::size_t i = 0; i < ranking.size(); ++i) {
    if (ranking[i].relevant) ++found;
    if (i + 1 < ranking.size() && ranking[i + 1].score == ranking[i].score) continue;
    sum += (found - foundBefore) * found / static_cast<double>(i + 1);
    foundBefore = found;
  }
  return sum / found;
}

double ratio(double part, double whole) {
  return whole == 0 ? 0 : part / whole;
}

}  // namespace

MultiLabelAccumulator::MultiLabelAccumulator(const std::vector<std::vector<std::int32_t>>& itemClasses,
                                             std::int64_t classes)
    : itemClasses_(itemClasses), classes_(classes) {}

void MultiLabelAccumulator::add(const std::vector<video::ClipSpec>& clips, const at::Tensor& logits) {
  const auto values = logits.contiguous();
  const auto* row = values.const_data_ptr<float>();
  for (const auto& clip : clips) {
    const auto& own = itemClasses_[static_cast<std::size_t>(clip.item)];
    auto& ofClip = clips_[{clip.item, clip.start}];
    auto& ofVideo = videos_[clip.item];
    for (auto* answer : {&ofClip, &ofVideo}) {
      answer->probabilities.resize(static_cast<std::size_t>(classes_));
      ++answer->count;
    }
    for (std::int64_t number = 0; number < classes_; ++number) {
      const double logit = row[number];
      const auto loss = softplus(contains(own, number) ? -logit : logit);
      lossSum_ += loss / static_cast<double>(classes_);
      const auto probability = 1 / (1 + std::exp(-logit));
      ofClip.probabilities[static_cast<std::size_t>(number)] += probability;
      ofVideo.probabilities[static_cast<std::size_t>(number)] += probability;
    }
    ++crops_;
    row += classes_;
  }
}

/// Parts of the answers whose best class, one of whose five best classes, is one of the item's. Items without
/// a class do not count.
template <typename Answers, typename ItemOf>
std::pair<double, double> MultiLabelAccumulator::hitsOf(const Answers& answers, ItemOf itemOf) const {
  double top1 = 0;
  double top5 = 0;
  double all = 0;
  for (const auto& [key, answer] : answers) {
    const auto& own = itemClasses_[static_cast<std::size_t>(itemOf(key))];
    if (own.empty()) continue;
    const auto& scores = answer.probabilities;
    auto best = -std::numeric_limits<double>::infinity();
    for (const auto number : own) best = std::max(best, scores[static_cast<std::size_t>(number)]);
    const auto rank =
        std::count_if(scores.begin(), scores.end(), [best](double score) { return score > best; });
    top1 += rank < 1;
    top5 += rank < 5;
    ++all;
  }
  return {ratio(top1, all), ratio(top5, all)};
}

MultiLabelScores MultiLabelAccumulator::multiLabelScores() const {
  double precisions = 0, ranked = 0;               // of average precision, over classes
  double f1Sum = 0, f1Classes = 0;                 // of F1, over classes
  double allRight = 0, allGiven = 0, allTrue = 0;  // positives in all classes
  std::map<std::int32_t, std::int64_t> mistakes;   // by video
  for (std::int64_t number = 0; number < classes_; ++number) {
    std::vector<Ranked> ranking;
    double right = 0, given = 0, wanted = 0;
    for (const auto& [item, answer] : videos_) {
      const auto score =
          answer.probabilities[static_cast<std::size_t>(number)] / static_cast<double>(answer.count);
      const auto relevant = contains(itemClasses_[static_cast<std::size_t>(item)], number);
      const auto said = score >= kThreshold;
      ranking.push_back({score, relevant});
      right += said && relevant;
      given += said;
      wanted += relevant;
      mistakes[item] += said != relevant;
    }
    if (wanted > 0) {
      precisions += averagePrecision(std::move(ranking));
      ++ranked;
    }
    if (given + wanted > 0) {
      f1Sum += 2 * right / (given + wanted);
      ++f1Classes;
    }
    allRight += right;
    allGiven += given;
    allTrue += wanted;
  }
  double wrong = 0, perfect = 0;
  for (const auto& [item, count] : mistakes) {
    wrong += static_cast<double>(count);
    perfect += count == 0;
  }
  const auto videos = static_cast<double>(videos_.size());
  return {ratio(precisions, ranked), ratio(2 * allRight, allGiven + allTrue), ratio(f1Sum, f1Classes),
          ratio(wrong, videos * static_cast<double>(classes_)), ratio(perfect, videos)};
}

Scores MultiLabelAccumulator::scores() const {
  Scores scores;
  scores.loss = ratio(lossSum_, static_cast<double>(crops_));
  std::tie(scores.clipTop1, scores.clipTop5) = hitsOf(clips_, [](const auto& key) { return key.first; });
  std::tie(scores.videoTop1, scores.videoTop5) = hitsOf(videos_, [](std::int32_t key) { return key; });
  scores.clips = static_cast<std::int64_t>(clips_.size());
  scores.videos = static_cast<std::int64_t>(videos_.size());
  scores.multiLabel = multiLabelScores();
  return scores;
}

}  // namespace c3d
