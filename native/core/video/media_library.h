#pragma once

#include <filesystem>
#include <memory>
#include <mutex>

#include "core/video/video_backend.h"

namespace c3d::video {

/// Whether a source is a frame folder rather than a video file.
bool isFolder(const std::filesystem::path& source);

/// Reads videos (through the plug-in, loaded when the first one is opened), frame folders and packed videos.
/// Thread-safe.
class MediaLibrary {
 public:
  /// `plugin` is the path of the c3d_ffmpeg shared object; it need not exist.
  explicit MediaLibrary(std::filesystem::path plugin);

  /// A folder is taken as a frame folder (jpg, jpeg, png in natural order), a .c3dframes file as a packed
  /// video, anything else as a video file. `sink`, which may be null, gets frames of video files only: the
  /// others are not decoded to count them.
  FrameIndex index(const std::filesystem::path& source, FrameSink* sink,
                   const Cancellation& cancellation) const;
  /// Throws Error(VideoUnreadable) when a video file is no longer the one that was indexed.
  std::unique_ptr<FrameSource> open(const std::filesystem::path& source, const FrameIndex& index,
                                    const FrameFormat& format) const;
  /// Throws Error(FfmpegMissing) that names the plug-in, the loader's reason and what to install.
  const VideoBackend& videos() const;

 private:
  std::filesystem::path plugin_;
  mutable std::mutex mutex_;
  mutable const VideoBackend* backend_ = nullptr;  // lives in the plug-in, which is never unloaded
};

}  // namespace c3d::video
