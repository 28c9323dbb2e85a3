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

/// The fingerprint of a sequence of frames, given that of all but the last and the digest of the last.
std::uint64_t combined(std::uint64_t fingerprint, std::uint64_t digest);

}  // namespace c3d::ffmpeg
