#pragma once

#include <cstdint>

#include "ffmpeg/av_pointers.h"

namespace c3d::ffmpeg {

/// How a stored picture must be turned to be shown upright: first, if so, its rows become columns, then it is
/// mirrored. Covers the four right-angled rotations and their mirror images.
struct Orientation {
  bool transposed = false;
  bool mirroredX = false;  // left to right, as displayed
  bool mirroredY = false;  // top to bottom, as displayed

  bool isUpright() const { return !transposed && !mirroredX && !mirroredY; }
};

/// From the display matrix of the stream or, where it has none, of the frame; rotations by other than right
/// angles are not applied.
Orientation orientationOf(const AVStream& stream, const AVFrame& frame);

/// Has players turn the stream's picture clockwise, by right angles. Throws std::bad_alloc.
void setRotation(AVStream& stream, int degrees);

/// Turns a picture, uint8 [height, width, 3]; sizes are the ones displayed, `picture` and `out` do not
/// overlap.
void turn(const Orientation& orientation, const std::uint8_t* picture, int displayedWidth,
          int displayedHeight, std::uint8_t* out);

}  // namespace c3d::ffmpeg
