#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "core/video/clip.h"

namespace c3d::video {

/// The pixels of the frame at a place of the video: uint8 [height, width, 3] of the frame's format.
using FindFrame = std::function<const std::uint8_t*(std::int64_t place)>;

/// Cuts a clip out of resized frames, and changes it as it asks for. `out`: uint8 [frames, height, width, 3],
/// layout.bytes() bytes.
void cutClip(const ClipSpec& clip, const ClipLayout& layout, const FrameFormat& frame, const FindFrame& find,
             std::span<std::uint8_t> out);

}  // namespace c3d::video
