#pragma once

#include <filesystem>
#include <memory>

#include "core/video/video_backend.h"

namespace c3d::ffmpeg {

/// Starts a video file. The same frames give the same bytes with the same libraries. Throws
/// Error(InvalidArgument) for options that FFmpeg does not know or cannot combine, Error(File) where the file
/// cannot be written.
std::unique_ptr<video::VideoWriter> createVideoFile(const std::filesystem::path& file,
                                                    const video::VideoWriterOptions& options);

}  // namespace c3d::ffmpeg
