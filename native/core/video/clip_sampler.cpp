#include "core/video/clip_sampler.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/video/random_stream.h"

namespace c3d::video {
namespace {

/// First key of a random stream, so that no two uses share one.
enum Purpose : std::uint64_t { kClip = 1, kShuffle = 2 };

void requireThat(bool condition, const std::string& message) {
  if (!condition) throw Error(ErrorCode::InvalidArgument, message);
}

void check(const ClipLayout& layout, const SamplingOptions& options) {
  requireThat(layout.frames >= 1 && layout.width >= 1 && layout.height >= 1,
              "A clip needs at least 1 frame of at least 1x1 pixels.");
  requireThat(layout.width <= layout.frame.width && layout.height <= layout.frame.height,
              "A clip of " + std::to_string(layout.width) + "x" + std::to_string(layout.height) +
                  " pixels cannot be cut from frames of " + std::to_string(layout.frame.width) + "x" +
                  std::to_string(layout.frame.height) + ".");
  requireThat(options.clipsPerVideo >= 1, "At least 1 clip a video must be asked for.");
  requireThat(options.temporalStride >= 1, "The temporal stride must be at least 1.");
  requireThat(options.flipProbability >= 0 && options.flipProbability <= 1,
              "The probability of a flip must be between 0 and 1.");
}

/// The frames of the video that an item names. Throws unless it can be read.
std::int64_t frameCount(const VideoSet& videos, const LabelledVideo& item) {
  requireThat(item.video >= 0 && std::size_t(item.video) < videos.videos().size(),
              "There is no video " + std::to_string(item.video) + " in a set of " +
                  std::to_string(videos.videos().size()) + ".");
  const IndexedVideo& video = videos.videos()[std::size_t(item.video)];
  requireThat(video.index.frameCount > 0, "No clip can be taken from \"" + video.path.string() + "\"" +
                                              (video.problem.empty() ? "." : ": " + video.problem));
  return video.index.frameCount;
}

/// Draws the clips of one epoch, video by video.
class Sampler {
 public:
  Sampler(const ClipLayout& layout, const SamplingOptions& options, std::uint64_t seed, std::uint64_t epoch)
      : layout_(layout), options_(options), seed_(seed), epoch_(epoch) {}

  /// Appends the clips of one video; `place` is its place in the list of items.
  void sample(const LabelledVideo& item, std::uint64_t place, std::int64_t frames,
              std::vector<ClipSpec>& clips) const {
    const std::int64_t span = (layout_.frames - 1) * options_.temporalStride + 1;
    const std::int64_t lastStart = std::max<std::int64_t>(frames - span, 0);
    const std::int64_t count = clipCount(lastStart, frames < span);
    for (std::int64_t i = 0; i < count; ++i) {
      RandomStream random{kClip, seed_, epoch_, place, std::uint64_t(i)};
      clips.push_back(clip(item, start(i, count, lastStart, random), random));
      clips.back().item = std::int32_t(place);
    }
  }

  void shuffle(std::vector<ClipSpec>& clips) const {
    RandomStream random{kShuffle, seed_, epoch_};
    for (std::size_t left = clips.size(); left > 1; --left)
      std::swap(clips[left - 1], clips[random.below(left)]);
  }

 private:
  /// Frames from one non-overlapping clip to the next.
  std::int64_t advance() const { return layout_.frames * options_.temporalStride; }

  std::int64_t clipCount(std::int64_t lastStart, bool shorterThanClip) const {
    if (shorterThanClip) return 1;
    switch (options_.mode) {
      case SamplingMode::NonOverlapping:
        return lastStart / advance() + 1;
      case SamplingMode::Random:
        return options_.clipsPerVideo;
      case SamplingMode::Uniform:
        break;
    }
    // No clip twice: a short video has fewer different ones than asked for.
    return std::min(options_.clipsPerVideo, lastStart + 1);
  }

  std::int64_t start(std::int64_t clip, std::int64_t count, std::int64_t lastStart,
                     RandomStream& random) const {
    switch (options_.mode) {
      case SamplingMode::NonOverlapping:
        return clip * advance();
      case SamplingMode::Random:
        return std::int64_t(random.below(std::uint64_t(lastStart) + 1));
      case SamplingMode::Uniform:
        break;
    }
    if (count == 1) return lastStart / 2;
    const std::int64_t gaps = count - 1;
    return (clip * lastStart + gaps / 2) / gaps;
  }

  ClipSpec clip(const LabelledVideo& item, std::int64_t start, RandomStream& random) const {
    ClipSpec clip;
    clip.video = item.video;
    clip.label = item.label;
    clip.start = start;
    clip.stride = options_.temporalStride;
    clip.cropX = offset(layout_.frame.width - layout_.width, random);
    clip.cropY = offset(layout_.frame.height - layout_.height, random);
    clip.flip = random.chance(options_.flipProbability);
    return clip;
  }

  int offset(int slack, RandomStream& random) const {
    return options_.randomCrop ? int(random.below(std::uint64_t(slack) + 1)) : slack / 2;
  }

  const ClipLayout& layout_;
  const SamplingOptions& options_;
  std::uint64_t seed_;
  std::uint64_t epoch_;
};

}  // namespace

std::vector<ClipSpec> sampleClips(const VideoSet& videos, const std::vector<LabelledVideo>& items,
                                  const ClipLayout& layout, const SamplingOptions& options,
                                  std::uint64_t seed, std::uint64_t epoch) {
  check(layout, options);
  const Sampler sampler(layout, options, seed, epoch);
  std::vector<ClipSpec> clips;
  for (std::size_t i = 0; i < items.size(); ++i) {
    sampler.sample(items[i], i, frameCount(videos, items[i]), clips);
  }
  if (options.shuffle) sampler.shuffle(clips);
  return clips;
}

}  // namespace c3d::video
