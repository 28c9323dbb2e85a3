#include "core/video/kept_frames.h"

#include <algorithm>
#include <utility>

#include "core/video/clip_places.h"

namespace c3d::video {
namespace {

/// By which clips spread evenly may begin earlier or later than the header lets expect: most headers that are
/// wrong count a frame or two too many.
constexpr std::int64_t kSlack = 3;

/// Marks the frames that a clip shows, `slack` to both sides.
void mark(std::vector<bool>& shown, std::int64_t start, int frames, double step, std::int64_t slack) {
  const std::int64_t size = std::int64_t(shown.size());
  for (int i = 0; i < frames; ++i) {
    const std::int64_t place = start + placeInClip(i, step);
    const std::int64_t from = std::max<std::int64_t>(place - slack, 0);
    const std::int64_t to = std::min(place + slack, size - 1);
    for (std::int64_t shownPlace = from; shownPlace <= to; ++shownPlace)
      shown[std::size_t(shownPlace)] = true;
  }
}

/// Of clips that are spread evenly.
std::vector<bool> spread(std::int64_t clips, std::int64_t expectedFrames, int frames, double step) {
  if (expectedFrames <= 0 || expectedFrames > kLongestTable) return {};
  const std::int64_t lastStart = std::max<std::int64_t>(expectedFrames - clipSpan(frames, step), 0);
  const std::int64_t count = std::min(clips, lastStart + 1);
  if (count > kLongestTable / frames) return {};
  std::vector<bool> shown(std::size_t(expectedFrames), false);
  for (std::int64_t clip = 0; clip < count; ++clip)
    mark(shown, evenStart(clip, count, lastStart), frames, step, kSlack);
  return shown;
}

}  // namespace

const std::uint8_t* KeptFrames::find(std::int64_t place) const {
  const auto found = std::lower_bound(frames_.begin(), frames_.end(), place,
                                      [](const Frame& frame, std::int64_t p) { return frame.place < p; });
  return found == frames_.end() || found->place != place ? nullptr : found->pixels.get();
}

FrameFormat FrameKeeper::begin(const FrameIndex& expected) {
  const auto& [layout, sampling, mostBytes] = keeping_;
  const double step = frameStep(expected, sampling);
  repeats_ = sampling.mode != SamplingMode::Uniform;
  shown_ = repeats_ ? shownFrames(clipAdvance(layout.frames, step, sampling), layout.frames, step)
                    : spread(sampling.clipsPerVideo, expected.frameCount, layout.frames, step);
  bytesLeft_ = mostBytes;
  kept_ = std::make_shared<KeptFrames>(layout.frameOf(expected.width, expected.height));
  return kept_->format();
}

void FrameKeeper::take(std::int64_t place, const Write& write) {
  const std::size_t bytes = kept_->format().bytes();
  if (bytes > bytesLeft_ || !isShown(place)) return;
  auto pixels = std::make_unique_for_overwrite<std::uint8_t[]>(bytes);
  try {
    write({pixels.get(), bytes});
  } catch (const Error& error) {
    // Whoever reads the clips that show it will be told.
    if (error.code() != ErrorCode::VideoUnreadable) throw;
    return;
  }
  bytesLeft_ -= bytes;
  kept_->add(place, std::move(pixels));
}

bool FrameKeeper::isShown(std::int64_t place) const {
  if (shown_.empty()) return true;
  const std::int64_t size = std::int64_t(shown_.size());
  // Behind the end that the header promises all are, for the clips may be anywhere then.
  if (!repeats_ && place >= size) return true;
  return shown_[std::size_t(place % size)];
}

}  // namespace c3d::video
