#include "core/video/clip_reader.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "core/video/colour.h"
#include "core/video/frame_cache_key.h"
#include "core/video/resize.h"

namespace c3d::video {
namespace {

constexpr std::size_t kChannels = 3;
constexpr std::int64_t kFramesAtOnce = 32;  // decoded before they go to the cache

void mirror(std::uint8_t* row, std::size_t pixels) {
  std::uint8_t* left = row;
  std::uint8_t* right = row + (pixels - 1) * kChannels;
  for (; left < right; left += kChannels, right -= kChannels) std::swap_ranges(left, left + kChannels, right);
}

void copyMirrored(const std::uint8_t* row, std::size_t pixels, std::uint8_t* out) {
  const std::uint8_t* pixel = row + pixels * kChannels;
  for (std::size_t x = 0; x < pixels; ++x) {
    pixel -= kChannels;
    out[0] = pixel[0];
    out[1] = pixel[1];
    out[2] = pixel[2];
    out += kChannels;
  }
}

}  // namespace

ClipReader::ClipReader(std::shared_ptr<const VideoSet> videos, const ClipLayout& layout,
                       std::shared_ptr<FrameCache> cache)
    : videos_(std::move(videos)),
      layout_(layout),
      cache_(std::move(cache)),
      places_(std::size_t(layout.frames)),
      pictures_(std::size_t(layout.frames)) {}

void ClipReader::read(const ClipSpec& clip, std::span<std::uint8_t> out, const Cancellation& cancellation) {
  open(clip.video, cancellation);
  choosePlaces(clip);
  if (stored_) {
    locateStored();
  } else {
    decode(cancellation);
  }
  cut(clip, out);
  changeColour(out, layout_.order, clip.colour);
}

void ClipReader::open(std::int32_t video, const Cancellation& cancellation) {
  const IndexedVideo& indexed = videos_->videos()[std::size_t(video)];
  if (open_ == &indexed) return;
  source_.reset();  // before the next is opened: one thread holds one file
  stored_.reset();
  open_ = nullptr;  // stays so if what follows fails
  frame_ = layout_.frameOf(indexed.index.width, indexed.index.height);
  open_ = &indexed;
  if (cache_ && !keepFrames(cancellation)) stored_.reset();
}

/// Finds the video in the cache, or decodes it into the cache. False when the cache does not take it.
bool ClipReader::keepFrames(const Cancellation& cancellation) {
  const std::optional<FrameCacheKey> key = frameCacheKeyOf(*open_, frame_);
  if (!key) return false;
  stored_ = cache_->find(*key);
  if (stored_) return true;
  const std::unique_ptr<FrameStorage> storage = cache_->begin(*key);
  if (!storage) return false;
  const std::int64_t count = open_->index.frameCount;
  for (std::int64_t first = 0; first < count; first += kFramesAtOnce) {
    std::vector<std::int64_t> places(std::size_t(std::min(kFramesAtOnce, count - first)));
    std::iota(places.begin(), places.end(), first);
    frames_.resize(places.size() * key->frameBytes);
    source().read(places, frames_, cancellation);
    if (!storage->append(frames_)) return false;
  }
  source_.reset();
  stored_ = storage->finish();
  return stored_ != nullptr;
}

void ClipReader::choosePlaces(const ClipSpec& clip) {
  for (std::size_t i = 0; i < places_.size(); ++i) places_[i] = clip.place(int(i));
}

void ClipReader::locateStored() {
  for (std::size_t i = 0; i < places_.size(); ++i) pictures_[i] = stored_->frame(places_[i]);
}

void ClipReader::decode(const Cancellation& cancellation) {
  wanted_ = places_;
  std::sort(wanted_.begin(), wanted_.end());
  wanted_.erase(std::unique(wanted_.begin(), wanted_.end()), wanted_.end());
  const std::size_t frameBytes = std::size_t(frame_.width) * frame_.height * kChannels;
  frames_.resize(wanted_.size() * frameBytes);
  source().read(wanted_, frames_, cancellation);
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const auto found = std::lower_bound(wanted_.begin(), wanted_.end(), places_[i]);
    pictures_[i] = frames_.data() + std::size_t(found - wanted_.begin()) * frameBytes;
  }
}

FrameSource& ClipReader::source() {
  if (!source_) source_ = videos_->media().open(open_->path, open_->index, frame_);
  return *source_;
}

void ClipReader::cut(const ClipSpec& clip, std::span<std::uint8_t> out) const {
  const Window& window = clip.window;
  const std::size_t sourceRow = std::size_t(frame_.width) * kChannels;
  const std::size_t rowPixels = std::size_t(layout_.width);
  const std::size_t outRow = rowPixels * kChannels;
  std::optional<Resizer> resizer;
  if (window.width != layout_.width || window.height != layout_.height)
    resizer.emplace(window.width, window.height, layout_.width, layout_.height);
  std::uint8_t* target = out.data();
  for (const std::uint8_t* picture : pictures_) {
    const std::uint8_t* row = picture + std::size_t(window.y) * sourceRow + std::size_t(window.x) * kChannels;
    // The channels are in the layout's order already; "Rgb" leaves them so.
    if (resizer) resizer->resize(row, std::ptrdiff_t(sourceRow), target, ChannelOrder::Rgb);
    for (int y = 0; y < layout_.height; ++y, target += outRow, row += sourceRow) {
      if (resizer) {
        if (clip.flip) mirror(target, rowPixels);
      } else if (clip.flip) {
        copyMirrored(row, rowPixels, target);
      } else {
        std::copy_n(row, outRow, target);
      }
    }
  }
}

}  // namespace c3d::video
