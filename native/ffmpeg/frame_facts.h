#pragma once

#include <cstdint>

#include "ffmpeg/av_pointers.h"

namespace c3d::ffmpeg {

/// Whether decoding can start at this frame.
bool isKeyFrame(const AVFrame& frame);

/// When the frame is shown, in the stream's time base; AV_NOPTS_VALUE when nothing tells.
std::int64_t timestampOf(const AVFrame& frame);

/// A number that frames with other pixels most likely do not share. Of the pixels only, not of the padding.
std::uint64_t digestOf(const AVFrame& frame);

}  // namespace c3d::ffmpeg
