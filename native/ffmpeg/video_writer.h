#pragma once

#include <filesystem>
#include <memory>

#include "core/video/video_backend.h"

namespace c3d::ffmpeg {

/// Starts an .mp4 file of H.264, or of MPEG-4 part 2 where FFmpeg has no libx264. The same frames give the
/// same bytes with the same libraries. Throws Error(InvalidArgument) for an odd or empty size or a rate that
/// is not positive, Error(File) where the file cannot be written.
std::unique_ptr<video::VideoWriter> createVideoFile(const std::filesystem::path& file,
                                                    const video::VideoWriterOptions& options);

}  // namespace c3d::ffmpeg
