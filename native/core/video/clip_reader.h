#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/runtime/cancellation.h"
#include "core/video/clip.h"
#include "core/video/frame_source.h"
#include "core/video/video_set.h"

namespace c3d::video {

/// Reads clips one by one, on one thread. The last video stays open, so that clips of the same video that
/// follow each other cost one opening and, in ascending order, no seek.
class ClipReader {
 public:
  ClipReader(std::shared_ptr<const VideoSet> videos, const ClipLayout& layout);

  /// Writes the clip's pixels, uint8 [frames, height, width, 3], to `out` of layout.bytes() bytes. The clip
  /// must fit the layout and the set. Throws what FrameSource::read throws, and Error(FfmpegMissing |
  /// ImagesMissing).
  void read(const ClipSpec& clip, std::span<std::uint8_t> out, const Cancellation& cancellation);

 private:
  FrameSource& source(std::int32_t video);
  void choosePlaces(const ClipSpec& clip);
  void cut(const ClipSpec& clip, std::span<std::uint8_t> out) const;

  std::shared_ptr<const VideoSet> videos_;
  ClipLayout layout_;
  std::unique_ptr<FrameSource> source_;
  std::int32_t openVideo_ = -1;       // the one that source_ reads
  std::vector<std::int64_t> places_;  // of the clip's frames in the video
  std::vector<std::uint8_t> frames_;  // uncut: uint8 [frames, frame.height, frame.width, 3]
};

}  // namespace c3d::video
