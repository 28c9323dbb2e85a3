#pragma once

#include <filesystem>
#include <memory>

#include "core/runtime/cancellation.h"
#include "core/video/frame_source.h"

namespace c3d::video {

/// Lists the .jpg, .jpeg and .png files of a folder in natural order (frame2 before frame10); other files,
/// hidden ones and sub-folders are passed over. The first picture is decoded for its size, the others are
/// not: a damaged one is found when it is read. Throws Error(VideoUnreadable) for a folder without pictures,
/// Error(Aborted).
FrameIndex indexFrameFolder(const std::filesystem::path& folder, const Cancellation& cancellation);

/// Pictures may differ in size; each is resized to `format`.
std::unique_ptr<FrameSource> openFrameFolder(const std::filesystem::path& folder, const FrameIndex& index,
                                             const FrameFormat& format);

}  // namespace c3d::video
