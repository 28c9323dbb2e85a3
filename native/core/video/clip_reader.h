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

/// A clip and where its pixels go: uint8 [frames, height, width, 3], layout.bytes() bytes.
struct ClipTarget {
  const ClipSpec* clip = nullptr;
  std::span<std::uint8_t> out;
};

/// Reads clips on one thread. The last video stays open for the next clips.
class ClipReader {
 public:
  /// `cache` may be null. With one, the first clip of a video decodes and keeps all of its frames.
  ClipReader(std::shared_ptr<const VideoSet> videos, const ClipLayout& layout,
             std::shared_ptr<FrameCache> cache);

  /// Reads clips of one video, in one pass over it, decoding what several of them show once. They must fit
  /// the layout and the set. Throws what FrameSource::read throws, and Error(FfmpegMissing | ImagesMissing).
  void read(std::span<const ClipTarget> targets, const Cancellation& cancellation);

 private:
  void open(std::int32_t video, const Cancellation& cancellation);
  bool keepFrames(const Cancellation& cancellation);
  void findPlaces(std::span<const ClipTarget> targets);
  bool areKept() const;
  void decode(const Cancellation& cancellation);
  FrameSource& source();
  const std::uint8_t* picture(std::int64_t place) const;

  std::shared_ptr<const VideoSet> videos_;
  ClipLayout layout_;
  std::shared_ptr<FrameCache> cache_;

  const IndexedVideo* open_ = nullptr;  // the one that what follows is of
  FrameFormat frame_;
  std::shared_ptr<const StoredFrames> stored_;  // where the cache has it
  std::unique_ptr<FrameSource> source_;         // opened by the first clip that the cache does not have

  // Without `stored_`:
  std::vector<std::int64_t> places_;  // of the frames that the clips show, ascending, each once
  const KeptFrames* kept_ = nullptr;  // where all of them are kept
  std::vector<std::uint8_t> frames_;  // else they: uint8 [places_.size(), frame height, frame width, 3]
};

}  // namespace c3d::video
