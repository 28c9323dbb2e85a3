#pragma once

#include <cstdint>

#include "ffmpeg/av_pointers.h"

extern "C" {
#include <libavutil/version.h>
}

namespace c3d::ffmpeg {

/// Whether decoding can start at this frame.
inline bool isKeyFrame(const AVFrame& frame) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(58, 7, 100)
  return (frame.flags & AV_FRAME_FLAG_KEY) != 0;
#else
  return frame.key_frame != 0;
#endif
}

/// When the frame is shown, in the stream's time base; AV_NOPTS_VALUE when nothing tells.
inline std::int64_t timestampOf(const AVFrame& frame) {
  return frame.best_effort_timestamp;
}

}  // namespace c3d::ffmpeg
