#pragma once

#include <filesystem>

#include "core/runtime/cancellation.h"
#include "core/video/frame_source.h"

namespace c3d::ffmpeg {

/// Decodes all of a local file and counts. What does not decode is not counted. Timestamps are kept only
/// where they identify every frame and nothing was damaged. Throws Error(VideoUnreadable) for a file without
/// a single frame, and what VideoDecoder throws.
video::FrameIndex indexVideo(const std::filesystem::path& file, const Cancellation& cancellation);

}  // namespace c3d::ffmpeg
