#include "core/video/clip_mean.h"

namespace c3d::video {
namespace {

constexpr std::size_t kChannels = 3;

}  // namespace

ClipMean::ClipMean(const ClipLayout& layout) : sums_(layout.bytes()) {}

void ClipMean::add(const ClipBatch& batch) {
  const std::size_t clipBytes = sums_.size();
  for (std::size_t clip = 0; clip < batch.clips.size(); ++clip) {
    const std::uint8_t* pixels = batch.pixels.data() + clip * clipBytes;
    for (std::size_t i = 0; i < clipBytes; ++i) sums_[i] += pixels[i];
  }
  clips_ += std::int64_t(batch.clips.size());
}

std::vector<double> ClipMean::channels() const {
  std::vector<std::uint64_t> totals(kChannels);
  for (std::size_t i = 0; i < sums_.size(); ++i) totals[i % kChannels] += sums_[i];
  const double count = double(clips_) * double(sums_.size() / kChannels);
  std::vector<double> means;
  for (const std::uint64_t total : totals) means.push_back(double(total) / count);
  return means;
}

std::vector<float> ClipMean::cube() const {
  const std::size_t positions = sums_.size() / kChannels;
  std::vector<float> cube(sums_.size());
  for (std::size_t position = 0; position < positions; ++position)
    for (std::size_t c = 0; c < kChannels; ++c)
      cube[c * positions + position] = float(double(sums_[position * kChannels + c]) / double(clips_));
  return cube;
}

}  // namespace c3d::video
