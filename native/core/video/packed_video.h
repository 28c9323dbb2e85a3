#pragma once

#include <filesystem>
#include <memory>

#include "core/video/clip.h"
#include "core/video/frame_source.h"
#include "core/video/video_set.h"

namespace c3d::video {

/// Whether a file is a packed video by the ending of its name, .c3dframes: a header, then decoded frames,
/// uint8 [frames, height, width, 3], red green blue. It needs no decoder, and frames are where they are.
bool isPackedVideo(const std::filesystem::path& file);

/// Reads all of it once and checks it. Throws Error(FileNotFound | VideoUnreadable | Aborted).
FrameIndex indexPackedVideo(const std::filesystem::path& file, const Cancellation& cancellation);

std::unique_ptr<FrameSource> openPackedVideo(const std::filesystem::path& file, const FrameIndex& index,
                                             const FrameFormat& format);

/// Writes frames start .. end-1 of a video, resized, to a packed video, which is there when all of it is.
/// Throws what reading and writing throw, and Error(InvalidArgument) for frames that are not there.
void packVideo(const MediaLibrary& media, const IndexedVideo& video, std::int64_t start, std::int64_t end,
               const ResizeRule& resize, const std::filesystem::path& target,
               const Cancellation& cancellation);

}  // namespace c3d::video
