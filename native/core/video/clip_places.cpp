#include "core/video/clip_places.h"

#include <algorithm>
#include <cmath>

namespace c3d::video {
namespace {

/// Because 3 * 1.333... must be 4 although the product falls short of it.
constexpr double kRoundingSlack = 1e-6;

}  // namespace

double frameStep(const FrameIndex& index, const SamplingOptions& options) {
  const bool converts = options.framesPerSecond > 0 && index.framesPerSecond > 0;
  return double(options.temporalStride) * (converts ? index.framesPerSecond / options.framesPerSecond : 1.0);
}

std::int64_t placeInClip(int i, double step) {
  return std::int64_t(std::floor(i * step + kRoundingSlack));
}

std::int64_t clipSpan(int frames, double step) {
  return placeInClip(frames - 1, step) + 1;
}

std::int64_t clipAdvance(int frames, double step, const SamplingOptions& options) {
  if (options.mode == SamplingMode::Dense) return options.clipStride;
  return std::max<std::int64_t>(std::int64_t(std::ceil(frames * step - kRoundingSlack)), 1);
}

std::vector<bool> shownFrames(std::int64_t stride, int frames, double step) {
  if (stride > kLongestTable) return {};
  std::vector<bool> shown(std::size_t(stride), false);
  for (int i = 0; i < frames; ++i) shown[std::size_t(placeInClip(i, step) % stride)] = true;
  return shown;
}

std::int64_t evenStart(std::int64_t clip, std::int64_t count, std::int64_t lastStart) {
  if (count == 1) return lastStart / 2;
  const std::int64_t gaps = count - 1;
  return (clip * lastStart + gaps / 2) / gaps;
}

}  // namespace c3d::video
