#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/runtime/cancellation.h"
#include "core/video/frame_source.h"

namespace c3d::video {

enum class ColorMatrix { Bt601, Bt709 };

/// A video to write. Names are those of the encoding library.
struct VideoWriterOptions {
  using Settings = std::vector<std::pair<std::string, std::string>>;

  int width = 0;  // pixels; even where the pixel format halves the colours
  int height = 0;
  double framesPerSecond = 0;
  /// Unit of the times that `write` is given; 0: one tick a frame.
  int ticksPerSecond = 0;
  std::string container;    // mp4, avi, webm, …
  std::string encoder;      // empty: H.264 where there is one, MPEG-4 part 2 otherwise
  std::string pixelFormat;  // yuv420p, yuv444p, yuv420p10le, …
  Settings encoderSettings;
  Settings containerSettings;
  ColorMatrix matrix = ColorMatrix::Bt601;  // of YUV formats
  bool fullRange = false;
  int rotation = 0;  // degrees, clockwise, by which players turn the picture: 0, 90, 180 or 270
};

/// Encodes RGB frames, uint8 [height, width, 3], to a file. `finish` completes the file; without it nothing
/// is left.
class VideoWriter {
 public:
  virtual ~VideoWriter() = default;
  /// `time` is when the frame is shown, in ticks, and after the frame before; left out: a tick later.
  virtual void write(std::span<const std::uint8_t> rgb, std::optional<std::int64_t> time) = 0;
  virtual void finish() = 0;
};

/// Gets the frames of a video while they are counted, in order.
class FrameSink {
 public:
  /// Writes the pixels of a frame, uint8 [height, width, 3]. Throws Error(VideoUnreadable).
  using Write = std::function<void(std::span<std::uint8_t> out)>;

  virtual ~FrameSink() = default;
  /// Before the first frame. `expected` has the size, the rate and as many frames as the header promises, 0
  /// where it does not tell. Returns how frames are wanted.
  virtual FrameFormat begin(const FrameIndex& expected) = 0;
  /// The frame at `place`; `write` need not be called, and only now.
  virtual void take(std::int64_t place, const Write& write) = 0;
};

/// Everything that the project asks of a decoding library. native/ffmpeg implements it as a plug-in, so that
/// the package loads and reads frame folders on machines without FFmpeg.
class VideoBackend {
 public:
  virtual ~VideoBackend() = default;
  /// e.g. "FFmpeg 5.1.9 (libavformat 59.27.100)".
  virtual std::string description() const = 0;
  /// Decodes the whole file once and counts; `sink`, which may be null, gets the frames on the way. Throws
  /// Error(VideoUnreadable | FileNotFound | Aborted) and what the sink throws.
  virtual FrameIndex index(const std::filesystem::path& file, FrameSink* sink,
                           const Cancellation& cancellation) const = 0;
  virtual std::unique_ptr<FrameSource> open(const std::filesystem::path& file, const FrameIndex& index,
                                            const FrameFormat& format) const = 0;
  /// Throws Error(InvalidArgument) for what cannot be encoded so, Error(File) where the file cannot be
  /// written.
  virtual std::unique_ptr<VideoWriter> create(const std::filesystem::path& file,
                                              const VideoWriterOptions& options) const = 0;
};

/// Raised when VideoBackend changes; a plug-in of another version is refused.
inline constexpr int kVideoBackendVersion = 3;

/// The two symbols that a plug-in exports, with C linkage.
using VideoBackendVersionFunction = int (*)();
using VideoBackendFunction = const VideoBackend* (*)();
inline constexpr const char* kVideoBackendVersionSymbol = "c3d_video_backend_version";
inline constexpr const char* kVideoBackendSymbol = "c3d_video_backend";

}  // namespace c3d::video
