#pragma once

#include <cstdint>
#include <vector>

#include "core/video/frame_source.h"

namespace c3d::video {

/// How a clip is cut: frames are resized to `frame`, then a width x height window is taken.
struct ClipLayout {
  FrameFormat frame;  // e.g. 171x128
  int frames = 0;     // e.g. 16
  int height = 0;     // e.g. 112
  int width = 0;

  std::size_t bytes() const { return std::size_t(frames) * height * width * 3; }
};

/// One clip to be read: which frames of which video, and which window of them.
struct ClipSpec {
  std::int32_t video = 0;  // place in the VideoSet
  std::int32_t item = 0;   // place in the list of labelled videos that it was sampled from
  std::int64_t label = 0;
  std::int64_t start = 0;   // first frame
  std::int64_t stride = 1;  // frames from one to the next; past the end the last frame is repeated
  int cropX = 0;            // left edge of the window in the resized frame
  int cropY = 0;
  bool flip = false;  // mirrored left to right
};

/// Pixels are uint8 [N, frames, height, width, 3], which is channels_last_3d.
struct ClipBatch {
  std::vector<std::uint8_t> pixels;
  std::vector<ClipSpec> clips;
};

}  // namespace c3d::video
