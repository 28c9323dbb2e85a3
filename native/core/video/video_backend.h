#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "core/runtime/cancellation.h"
#include "core/video/frame_source.h"

namespace c3d::video {

struct VideoWriterOptions {
  int width = 0;   // even
  int height = 0;  // even
  double framesPerSecond = 25;
};

/// Encodes RGB frames, uint8 [height, width, 3], to a file. `finish` completes the file; without it nothing
/// is left.
class VideoWriter {
 public:
  virtual ~VideoWriter() = default;
  virtual void write(std::span<const std::uint8_t> rgb) = 0;
  virtual void finish() = 0;
};

/// Everything that the project asks of a decoding library. native/ffmpeg implements it as a plug-in, so that
/// the package loads and reads frame folders on machines without FFmpeg.
class VideoBackend {
 public:
  virtual ~VideoBackend() = default;
  /// e.g. "FFmpeg 5.1.9 (libavformat 59.27.100)".
  virtual std::string description() const = 0;
  /// Decodes the whole file once and counts. Throws Error(VideoUnreadable | FileNotFound | Aborted).
  virtual FrameIndex index(const std::filesystem::path& file, const Cancellation& cancellation) const = 0;
  virtual std::unique_ptr<FrameSource> open(const std::filesystem::path& file, const FrameIndex& index,
                                            const FrameFormat& format) const = 0;
  /// H.264 in mp4 where the library has an encoder for it, MPEG-4 part 2 otherwise.
  virtual std::unique_ptr<VideoWriter> create(const std::filesystem::path& file,
                                              const VideoWriterOptions& options) const = 0;
};

/// Raised when VideoBackend changes; a plug-in of another version is refused.
inline constexpr int kVideoBackendVersion = 1;

/// The two symbols that a plug-in exports, with C linkage.
using VideoBackendVersionFunction = int (*)();
using VideoBackendFunction = const VideoBackend* (*)();
inline constexpr const char* kVideoBackendVersionSymbol = "c3d_video_backend_version";
inline constexpr const char* kVideoBackendSymbol = "c3d_video_backend";

}  // namespace c3d::video
