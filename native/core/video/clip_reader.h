#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/runtime/cancellation.h"
#include "core/video/clip.h"
#include "core/video/frame_cache.h"
#include "core/video/frame_source.h"
#include "core/video/video_set.h"

namespace c3d::video {

/// Reads clips one by one, on one thread. The last video stays open, so that clips of the same video that
/// follow each other cost one opening and, in ascending order, no seek.
class ClipReader {
 public:
  /// `cache` may be null. With one, the first clip of a video decodes and keeps all of its frames.
  ClipReader(std::shared_ptr<const VideoSet> videos, const ClipLayout& layout,
             std::shared_ptr<FrameCache> cache);

  /// Writes the clip's pixels, uint8 [frames, height, width, 3], to `out` of layout.bytes() bytes. The clip
  /// must fit the layout and the set. Throws what FrameSource::read throws, and Error(FfmpegMissing |
  /// ImagesMissing).
  void read(const ClipSpec& clip, std::span<std::uint8_t> out, const Cancellation& cancellation);

 private:
  void open(std::int32_t video, const Cancellation& cancellation);
  bool keepFrames(const Cancellation& cancellation);
  void choosePlaces(const ClipSpec& clip);
  void locateStored();
  void decode(const Cancellation& cancellation);
  FrameSource& source();
  void cut(const ClipSpec& clip, std::span<std::uint8_t> out) const;

  std::shared_ptr<const VideoSet> videos_;
  ClipLayout layout_;
  std::shared_ptr<FrameCache> cache_;

  const IndexedVideo* open_ = nullptr;  // the one that what follows is of
  FrameFormat frame_;
  std::shared_ptr<const StoredFrames> stored_;  // where the cache has it
  std::unique_ptr<FrameSource> source_;         // opened by the first clip that the cache does not have

  std::vector<std::int64_t> places_;  // of the clip's frames in the video
  std::vector<std::int64_t> wanted_;  // the same, ascending, each once
  std::vector<std::uint8_t> frames_;  // decoded: uint8 [wanted_.size(), frame height, frame width, 3]
  std::vector<const std::uint8_t*> pictures_;  // the clip's frames, uncut
};

}  // namespace c3d::video
