#pragma once

#include <filesystem>

#include "core/runtime/cancellation.h"
#include "core/video/video_backend.h"

namespace c3d::ffmpeg {

/// Decodes all of a local file and counts. What does not decode is not counted. Timestamps are kept only
/// where they identify every frame and nothing was damaged. `sink` may be null. Throws Error(VideoUnreadable)
/// for a file without a single frame, and what VideoDecoder and the sink throw.
video::FrameIndex indexVideo(const std::filesystem::path& file, video::FrameSink* sink,
                             const Cancellation& cancellation);

}  // namespace c3d::ffmpeg
