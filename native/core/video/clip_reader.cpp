#include "core/video/clip_reader.h"

#include <algorithm>
#include <cstring>
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
  // Four bytes at once, of which the fourth is written over by the next pixel, are faster than three by
  // three.
  for (; pixels > 1; --pixels, out += kChannels) {
    pixel -= kChannels;
    std::memcpy(out, pixel, kChannels + 1);
  }
  std::memcpy(out, row, kChannels);
}

std::size_t frameBytes(const FrameFormat& frame) {
  return std::size_t(frame.width) * frame.height * kChannels;
}

}  // namespace

ClipReader::ClipReader(std::shared_ptr<const VideoSet> videos, const ClipLayout& layout,
                       std::shared_ptr<FrameCache> cache)
    : videos_(std::move(videos)), layout_(layout), cache_(std::move(cache)) {}

void ClipReader::read(std::span<const ClipTarget> targets, const Cancellation& cancellation) {
  open(targets.front().clip->video, cancellation);
  if (!stored_) decode(targets, cancellation);
  for (const ClipTarget& target : targets) {
    cut(target);
    changeColour(target.out, layout_.order, target.clip->colour);
  }
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

void ClipReader::decode(std::span<const ClipTarget> targets, const Cancellation& cancellation) {
  places_.clear();
  for (const ClipTarget& target : targets)
    for (int i = 0; i < layout_.frames; ++i) places_.push_back(target.clip->place(i));
  std::sort(places_.begin(), places_.end());
  places_.erase(std::unique(places_.begin(), places_.end()), places_.end());
  frames_.resize(places_.size() * frameBytes(frame_));
  source().read(places_, frames_, cancellation);
}

FrameSource& ClipReader::source() {
  if (!source_) source_ = videos_->media().open(open_->path, open_->index, frame_);
  return *source_;
}

const std::uint8_t* ClipReader::picture(std::int64_t place) const {
  if (stored_) return stored_->frame(place);
  const auto found = std::lower_bound(places_.begin(), places_.end(), place);
  return frames_.data() + std::size_t(found - places_.begin()) * frameBytes(frame_);
}

void ClipReader::cut(const ClipTarget& target) const {
  const Window& window = target.clip->window;
  const std::size_t sourceRow = std::size_t(frame_.width) * kChannels;
  const std::size_t rowPixels = std::size_t(layout_.width);
  const std::size_t outRow = rowPixels * kChannels;
  std::optional<Resizer> resizer;
  if (window.width != layout_.width || window.height != layout_.height)
    resizer.emplace(window.width, window.height, layout_.width, layout_.height);
  std::uint8_t* out = target.out.data();
  for (int i = 0; i < layout_.frames; ++i) {
    const std::uint8_t* row = picture(target.clip->place(i)) + std::size_t(window.y) * sourceRow +
                              std::size_t(window.x) * kChannels;
    // The channels are in the layout's order already; "Rgb" leaves them so.
    if (resizer) resizer->resize(row, std::ptrdiff_t(sourceRow), out, ChannelOrder::Rgb);
    for (int y = 0; y < layout_.height; ++y, out += outRow, row += sourceRow) {
      if (resizer) {
        if (target.clip->flip) mirror(out, rowPixels);
      } else if (target.clip->flip) {
        copyMirrored(row, rowPixels, out);
      } else {
        std::copy_n(row, outRow, out);
      }
    }
  }
}

}  // namespace c3d::video
