#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "core/video/clip.h"
#include "core/video/frame_source.h"
#include "core/video/sampling_options.h"
#include "core/video/video_backend.h"

namespace c3d::video {

/// Some frames of a video, resized, so that they need not be decoded again.
class KeptFrames {
 public:
  explicit KeptFrames(const FrameFormat& format) : format_(format) {}

  const FrameFormat& format() const { return format_; }
  /// Takes the frame at `place`, behind all others.
  void add(std::int64_t place, std::unique_ptr<std::uint8_t[]> pixels) {
    frames_.push_back({place, std::move(pixels)});
  }
  /// uint8 [height, width, 3]; null where it is not kept.
  const std::uint8_t* find(std::int64_t place) const;

 private:
  struct Frame {
    std::int64_t place = 0;
    std::unique_ptr<std::uint8_t[]> pixels;
  };

  FrameFormat format_;
  std::vector<Frame> frames_;  // by place
};

/// Keeps the frames that clips of a whole video will show.
struct Keeping {
  ClipLayout layout;
  SamplingOptions sampling;   // of any mode but Random
  std::size_t mostBytes = 0;  // what does not fit is not kept
};

/// Keeps frames while they are counted. Which ones clips spread evenly will show, only the count tells; until
/// then the header is believed, and a few frames more are kept for its mistakes.
class FrameKeeper final : public FrameSink {
 public:
  explicit FrameKeeper(const Keeping& keeping) : keeping_(keeping) {}

  FrameFormat begin(const FrameIndex& expected) override;
  void take(std::int64_t place, const Write& write) override;
  /// Null when `begin` was never called.
  std::shared_ptr<const KeptFrames> finish() { return std::move(kept_); }

 private:
  bool isShown(std::int64_t place) const;

  Keeping keeping_;
  std::shared_ptr<KeptFrames> kept_;
  std::size_t bytesLeft_ = 0;
  /// Whether the frame at each place is shown. Begins again at its end where `repeats_`; empty: all are.
  std::vector<bool> shown_;
  bool repeats_ = false;
};

}  // namespace c3d::video
