#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/video/frame_source.h"

namespace c3d::video {

/// How large the frames are that clips are cut from.
struct ResizeRule {
  /// Frames are squashed to width x height, their aspect ratio ignored (paper, section 3: 171x128). Not used
  /// with `shortSide`.
  int width = 0;
  int height = 0;
  int shortSide = 0;  // > 0: the shorter side becomes this long and the aspect ratio is kept
};

/// How a clip is cut: frames are resized, then a width x height window is taken.
struct ClipLayout {
  ResizeRule resize;
  ChannelOrder order = ChannelOrder::Rgb;
  int frames = 0;  // e.g. 16
  int height = 0;  // e.g. 112
  int width = 0;

  std::size_t bytes() const { return std::size_t(frames) * height * width * 3; }
  /// Of the frames of a video of this displayed size. At least height x width when the rule allows for it.
  FrameFormat frameOf(int videoWidth, int videoHeight) const;
};

/// Changes of colour, the same for all frames of a clip; names and meaning as in torchvision's ColorJitter,
/// applied in this order.
struct ColourChange {
  float brightness = 1;  // factor
  float contrast = 1;    // factor, about the clip's mean grey
  float saturation = 1;  // factor, about every pixel's grey
  float hue = 0;         // turns of the colour wheel, -0.5 to 0.5

  bool isNone() const { return brightness == 1 && contrast == 1 && saturation == 1 && hue == 0; }
};

/// A part of the resized frame. One of another size than the layout's is resized to it.
struct Window {
  int x = 0;  // left edge
  int y = 0;  // upper edge
  int width = 0;
  int height = 0;
};

/// One clip to be read: which frames of which video, which window of them, and how it is changed.
struct ClipSpec {
  std::int32_t video = 0;  // place in the VideoSet
  std::int32_t item = 0;   // place in the list of labelled videos that it was sampled from
  std::int64_t label = 0;
  std::int64_t start = 0;  // first frame
  double step = 1;         // frames of the video from one frame of the clip to the next
  std::int64_t end = 0;    // the frame behind the last one that the clip may show
  bool loop = false;       // past the end: begins again at `start`; else the last frame is repeated
  Window window;
  bool flip = false;  // mirrored left to right
  ColourChange colour;

  /// The frame of the video that frame `i` of the clip shows: start + i * step, rounded down.
  std::int64_t place(int i) const;
};

/// A video that could not be read, and why.
struct UnreadableClip {
  ClipSpec clip;
  std::string reason;
};

/// Pixels are uint8 [N, frames, height, width, 3], which is channels_last_3d.
struct ClipBatch {
  std::vector<std::uint8_t> pixels;
  std::vector<ClipSpec> clips;
  std::vector<UnreadableClip> unreadable;  // left out of the batch
};

}  // namespace c3d::video
