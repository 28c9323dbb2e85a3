#pragma once

#include <cstdint>
#include <span>

#include "core/runtime/cancellation.h"
#include "core/video/frame_source.h"
#include "core/video/video_set.h"

namespace c3d::video {

/// Writes the frames at `places` of the video at `video` in the set to `out`: uint8 [places, height, width,
/// 3], in the order of `places`, which may be any and may repeat. The video is opened once and read forwards.
/// Throws Error(InvalidArgument) for a video, a place or an `out` that does not fit, Error(VideoUnreadable |
/// FileNotFound | Aborted).
void readFrames(const VideoSet& videos, std::int64_t video, std::span<const std::int64_t> places,
                const FrameFormat& format, std::span<std::uint8_t> out, const Cancellation& cancellation);

}  // namespace c3d::video
