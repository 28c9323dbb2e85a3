#include "core/video/clip_reader.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "core/video/clip_cutter.h"
#include "core/video/frame_cache_key.h"

namespace c3d::video {
namespace {

constexpr std::int64_t kFramesAtOnce = 32;  // decoded before they go to the cache

}  // namespace

ClipReader::ClipReader(std::shared_ptr<const VideoSet> videos, const ClipLayout& layout,
                       std::shared_ptr<FrameCache> cache)
    : videos_(std::move(videos)), layout_(layout), cache_(std::move(cache)) {}

void ClipReader::read(std::span<const ClipTarget> targets, const Cancellation& cancellation) {
  open(targets.front().clip->video, cancellation);
  if (!stored_) {
    findPlaces(targets);
    kept_ = areKept() ? open_->kept.get() : nullptr;
    if (kept_ == nullptr) decode(cancellation);
  }
  for (const ClipTarget& target : targets) {
    cutClip(*target.clip, layout_, frame_, [this](std::int64_t place) { return picture(place); }, target.out);
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

void ClipReader::findPlaces(std::span<const ClipTarget> targets) {
  places_.clear();
  for (const ClipTarget& target : targets)
    for (int i = 0; i < layout_.frames; ++i) places_.push_back(target.clip->place(i));
  std::sort(places_.begin(), places_.end());
  places_.erase(std::unique(places_.begin(), places_.end()), places_.end());
}

bool ClipReader::areKept() const {
  const KeptFrames* kept = open_->kept.get();
  return kept != nullptr && kept->format() == frame_ &&
         std::all_of(places_.begin(), places_.end(),
                     [kept](std::int64_t place) { return kept->find(place) != nullptr; });
}

void ClipReader::decode(const Cancellation& cancellation) {
  frames_.resize(places_.size() * frame_.bytes());
  source().read(places_, frames_, cancellation);
}

FrameSource& ClipReader::source() {
  if (!source_) source_ = videos_->media().open(open_->path, open_->index, frame_);
  return *source_;
}

const std::uint8_t* ClipReader::picture(std::int64_t place) const {
  if (stored_) return stored_->frame(place);
  if (kept_ != nullptr) return kept_->find(place);
  const auto found = std::lower_bound(places_.begin(), places_.end(), place);
  return frames_.data() + std::size_t(found - places_.begin()) * frame_.bytes();
}

}  // namespace c3d::video
