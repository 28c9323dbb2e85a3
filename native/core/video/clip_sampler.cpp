#include "core/video/clip_sampler.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <span>
#include <string>
#include <utility>

#include "core/video/clip_places.h"
#include "core/video/crop_windows.h"
#include "core/video/picture_limits.h"
#include "core/video/random_stream.h"

namespace c3d::video {
namespace {

/// First key of a random stream, so that no two uses share one.
enum Purpose : std::uint64_t { kClip = 1, kShuffle = 2, kVideoOrder = 3, kBalance = 4 };

void requireThat(bool condition, const std::string& message) {
  if (!condition) throw Error(ErrorCode::InvalidArgument, message);
}

bool isFactorRange(double smallest, double largest) {
  return smallest > 0 && smallest <= largest && std::isfinite(largest);
}

void check(const ClipLayout& layout, const SamplingOptions& options) {
  requireThat(layout.frames >= 1 && layout.width >= 1 && layout.height >= 1,
              "A clip needs at least 1 frame of at least 1x1 pixels.");
  requireThat(options.clipsPerVideo >= 1, "At least 1 clip a video must be asked for.");
  requireThat(options.clipStride >= 1, "The stride of clips must be at least 1.");
  requireThat(options.temporalStride >= 1, "The temporal stride must be at least 1.");
  requireThat(options.framesPerSecond >= 0 && std::isfinite(options.framesPerSecond),
              "The frame rate must be a number of at least 0.");
  requireThat(options.flipProbability >= 0 && options.flipProbability <= 1,
              "The probability of a flip must be between 0 and 1.");
  requireThat(isFactorRange(options.smallestScale, options.largestScale),
              "Scale jitter needs two factors above 0, the smaller one first.");
  requireThat(options.crop != CropMode::MultiScale || !options.cropScales.empty(),
              "Multi-scale cropping needs at least 1 scale.");
  for (const double scale : options.cropScales)
    requireThat(scale > 0 && scale <= 1, "The scales of crops must be above 0 and at most 1.");
}

const IndexedVideo& videoOf(const VideoSet& videos, const LabelledVideo& item) {
  requireThat(item.video >= 0 && std::size_t(item.video) < videos.videos().size(),
              "There is no video " + std::to_string(item.video) + " in a set of " +
                  std::to_string(videos.videos().size()) + ".");
  const IndexedVideo& video = videos.videos()[std::size_t(item.video)];
  requireThat(video.index.frameCount > 0, "No clip can be taken from \"" + video.path.string() + "\"" +
                                              (video.problem.empty() ? "." : ": " + video.problem));
  return video;
}

/// The frames that an item's clips may show.
struct Range {
  std::int64_t start = 0;
  std::int64_t end = 0;
  std::int64_t length() const { return end - start; }
};

Range rangeOf(const LabelledVideo& item, const IndexedVideo& video) {
  const std::int64_t frames = video.index.frameCount;
  const Range range{item.start, item.end == 0 ? frames : item.end};
  requireThat(range.start >= 0 && range.start < range.end && range.end <= frames,
              "Frames " + std::to_string(range.start) + " to " + std::to_string(range.end) +
                  " were asked for of \"" + video.path.string() + "\", which has " + std::to_string(frames) +
                  ".");
  return range;
}

/// An item to be sampled, for the `repeat`th time in this epoch.
struct Turn {
  std::size_t place = 0;  // in the list of items
  std::uint64_t repeat = 0;
};

/// Makes the clips of one item of an epoch.
class ClipMaker {
 public:
  ClipMaker(const ClipLayout& layout, const SamplingOptions& options, std::uint64_t seed, std::uint64_t epoch)
      : layout_(layout), options_(options), seed_(seed), epoch_(epoch) {}

  void addAll(const Turn& turn, const LabelledVideo& item, const IndexedVideo& video, const Range& range,
              std::vector<ClipSpec>& clips) const {
    const double step = frameStep(video.index, options_);
    const std::int64_t span = clipSpan(layout_.frames, step);
    const bool isShort = range.length() < span;
    if (isShort && options_.shortVideos == ShortVideos::Skip) return;
    requireThat(!isShort || options_.shortVideos != ShortVideos::Error,
                "\"" + video.path.string() + "\" gives " + std::to_string(range.length()) +
                    " frames and a clip spans " + std::to_string(span) +
                    ". Choose what becomes of short videos: repeat the last frame, loop, or skip them.");
    const std::int64_t lastStart = std::max<std::int64_t>(range.length() - span, 0);
    const std::int64_t count = clipCount(lastStart, step, isShort);
    for (std::int64_t i = 0; i < count; ++i) addOne(turn, item, video, range, {i, count, lastStart}, clips);
  }

  /// Where one clip is among those of its item.
  struct Number {
    std::int64_t clip = 0;
    std::int64_t count = 1;
    std::int64_t lastStart = 0;
  };

  void addOne(const Turn& turn, const LabelledVideo& item, const IndexedVideo& video, const Range& range,
              const Number& number, std::vector<ClipSpec>& clips) const {
    RandomStream random{kClip, seed_, epoch_, turn.place, std::uint64_t(number.clip), turn.repeat};
    ClipSpec clip;
    clip.video = item.video;
    clip.item = std::int32_t(turn.place);
    clip.label = item.label;
    clip.step = frameStep(video.index, options_);
    clip.start = range.start + start(number, clip.step, random);
    clip.end = range.end;
    clip.loop = options_.shortVideos == ShortVideos::Loop;
    addWindows(clip, frameOf(video), random, clips);
  }

 private:
  FrameFormat frameOf(const IndexedVideo& video) const {
    const FrameFormat frame = layout_.frameOf(video.index.width, video.index.height);
    requireThat(layout_.width <= frame.width && layout_.height <= frame.height,
                "A clip of " + std::to_string(layout_.width) + "x" + std::to_string(layout_.height) +
                    " pixels cannot be cut from frames of " + std::to_string(frame.width) + "x" +
                    std::to_string(frame.height) + ".");
    requireThat(isPictureSizeAllowed(frame.width, frame.height),
                "\"" + video.path.string() + "\" would be resized to " + std::to_string(frame.width) + "x" +
                    std::to_string(frame.height) + " pixels, which is too large.");
    return frame;
  }

  std::int64_t clipCount(std::int64_t lastStart, double step, bool isShort) const {
    if (isShort) return 1;
    switch (options_.mode) {
      case SamplingMode::NonOverlapping:
      case SamplingMode::Dense:
        return lastStart / clipAdvance(layout_.frames, step, options_) + 1;
      case SamplingMode::Random:
        return options_.clipsPerVideo;
      case SamplingMode::Uniform:
        break;
    }
    // No clip twice: a short video has fewer different ones than asked for.
    return std::min(options_.clipsPerVideo, lastStart + 1);
  }

  std::int64_t start(const Number& number, double step, RandomStream& random) const {
    switch (options_.mode) {
      case SamplingMode::NonOverlapping:
      case SamplingMode::Dense:
        return number.clip * clipAdvance(layout_.frames, step, options_);
      case SamplingMode::Random:
        return std::int64_t(random.below(std::uint64_t(number.lastStart) + 1));
      case SamplingMode::Uniform:
        break;
    }
    return evenStart(number.clip, number.count, number.lastStart);
  }

  /// One clip for every window that is wanted of it.
  void addWindows(const ClipSpec& clip, const FrameFormat& frame, RandomStream& random,
                  std::vector<ClipSpec>& clips) const {
    for (const CropWindow& window : cropWindows(frame, layout_, options_, random)) {
      ClipSpec& added = clips.emplace_back(clip);
      added.window = window.window;
      added.flip = window.flip || random.chance(options_.flipProbability);
      added.colour = drawColour(random);
    }
  }

  ColourChange drawColour(RandomStream& random) const {
    const auto factor = [&](double x) {
      return x > 0 ? float(random.between(std::max(0.0, 1 - x), 1 + x)) : 1.0f;
    };
    const ColourJitter& jitter = options_.colour;
    ColourChange change;
    change.brightness = factor(jitter.brightness);
    change.contrast = factor(jitter.contrast);
    change.saturation = factor(jitter.saturation);
    change.hue = jitter.hue > 0 ? float(random.between(-jitter.hue, jitter.hue)) : 0.0f;
    return change;
  }

  const ClipLayout& layout_;
  const SamplingOptions& options_;
  std::uint64_t seed_;
  std::uint64_t epoch_;
};

/// Draws the clips of one epoch, video by video.
class Sampler {
 public:
  Sampler(const VideoSet& videos, const std::vector<LabelledVideo>& items, const ClipLayout& layout,
          const SamplingOptions& options, std::uint64_t seed, std::uint64_t epoch)
      : videos_(videos),
        items_(items),
        options_(options),
        seed_(seed),
        epoch_(epoch),
        maker_(layout, options, seed, epoch) {}

  std::vector<ClipSpec> sample() const {
    std::vector<Turn> turns = options_.balanceClasses ? balancedTurns() : everyTurn();
    if (options_.shuffle && options_.shuffleBlock > 0)
      shuffle(turns, RandomStream{kVideoOrder, seed_, epoch_});
    std::vector<ClipSpec> clips;
    for (const Turn& turn : turns) addClips(turn, clips);
    if (options_.shuffle) shuffleBlocks(clips);
    return clips;
  }

 private:
  std::vector<Turn> everyTurn() const {
    std::vector<Turn> turns(items_.size());
    for (std::size_t i = 0; i < turns.size(); ++i) turns[i].place = i;
    return turns;
  }

  /// As many turns as items, up to rounding, an equal number for each class: of a large class so many drawn
  /// without repetition, of a small one all of them in turn.
  std::vector<Turn> balancedTurns() const {
    std::map<std::int64_t, std::vector<std::size_t>> classes;
    for (std::size_t i = 0; i < items_.size(); ++i) classes[items_[i].label].push_back(i);
    std::vector<Turn> turns;
    if (classes.empty()) return turns;
    const std::size_t share = (items_.size() + classes.size() - 1) / classes.size();
    for (auto& [label, places] : classes) {
      shuffle(places, RandomStream{kBalance, seed_, epoch_, std::uint64_t(label)});
      for (std::size_t i = 0; i < share; ++i)
        turns.push_back({places[i % places.size()], std::uint64_t(i / places.size())});
    }
    return turns;
  }

  void addClips(const Turn& turn, std::vector<ClipSpec>& clips) const {
    const LabelledVideo& item = items_[turn.place];
    const IndexedVideo& video = videoOf(videos_, item);
    maker_.addAll(turn, item, video, rangeOf(item, video), clips);
  }

  /// Each block by itself; the whole epoch where none are asked for.
  void shuffleBlocks(std::vector<ClipSpec>& clips) const {
    const std::size_t block =
        options_.shuffleBlock > 0 ? options_.shuffleBlock : std::max<std::size_t>(clips.size(), 1);
    RandomStream random{kShuffle, seed_, epoch_};
    for (std::size_t first = 0; first < clips.size(); first += block)
      shuffle(std::span(clips).subspan(first, std::min(block, clips.size() - first)), random);
  }

  template <typename List>
  static void shuffle(List&& list, RandomStream&& random) {
    shuffle(std::span(list), random);
  }

  template <typename Element>
  static void shuffle(std::span<Element> list, RandomStream& random) {
    for (std::size_t left = list.size(); left > 1; --left)
      std::swap(list[left - 1], list[random.below(left)]);
  }

  const VideoSet& videos_;
  const std::vector<LabelledVideo>& items_;
  const SamplingOptions& options_;
  std::uint64_t seed_;
  std::uint64_t epoch_;
  ClipMaker maker_;
};

}  // namespace

std::vector<ClipSpec> sampleClips(const VideoSet& videos, const std::vector<LabelledVideo>& items,
                                  const ClipLayout& layout, const SamplingOptions& options,
                                  std::uint64_t seed, std::uint64_t epoch) {
  check(layout, options);
  return Sampler(videos, items, layout, options, seed, epoch).sample();
}

std::vector<ClipSpec> sampleClip(const IndexedVideo& video, const ClipLayout& layout,
                                 const SamplingOptions& options, std::int64_t number) {
  check(layout, options);
  const double step = frameStep(video.index, options);
  const std::int64_t start = number * clipAdvance(layout.frames, step, options);
  const Range range{0, start + clipSpan(layout.frames, step)};
  std::vector<ClipSpec> clips;
  ClipMaker(layout, options, 0, 0)
      .addOne({}, LabelledVideo{0, -1, 0, 0}, video, range, {number, 0, 0}, clips);
  return clips;
}

}  // namespace c3d::video
