#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/video/frame_source.h"
#include "core/video/resize.h"
#include "ffmpeg/av_pointers.h"
#include "ffmpeg/orientation.h"

namespace c3d::ffmpeg {

/// Turns decoded frames into the pixels of a FrameFormat: 8-bit RGB at the stored size by the frame's own
/// matrix and range, resizing by the project's own rule, then rotation. Follows changes of size or format
/// between frames.
class FrameConverter {
 public:
  /// `file` is where the frames come from, for error messages.
  FrameConverter(const video::FrameFormat& format, std::filesystem::path file)
      : format_(format), file_(std::move(file)) {}

  /// Throws Error(VideoUnreadable) when frames like this one cannot be converted.
  static void requireConvertible(const AVFrame& frame, const std::filesystem::path& file);

  /// Writes uint8 [height, width, 3] to `out`. Throws Error(VideoUnreadable).
  void convert(const AVFrame& frame, const Orientation& orientation, std::span<std::uint8_t> out);

 private:
  /// What the tables are made for.
  struct Source {
    int width = 0;
    int height = 0;
    AVPixelFormat pixels = AV_PIX_FMT_NONE;
    int coefficients = 0;  // one of SWS_CS_*
    bool fullRange = false;
    bool transposed = false;
    bool operator==(const Source&) const = default;
  };

  static Source describe(const AVFrame& frame, const Orientation& orientation);
  void prepare(const Source& source);
  void toRgb(const AVFrame& decoded);

  video::FrameFormat format_;
  std::filesystem::path file_;
  Source source_;
  ScalerPointer scaler_;
  FramePointer padded_;  // a copy with room for whole chroma samples, for odd sizes only
  std::optional<video::Resizer> resizer_;
  std::vector<std::uint8_t> rgb_;       // the frame at its stored size
  int rgbStride_ = 0;                   // bytes
  std::vector<std::uint8_t> unturned_;  // the frame resized, before it is turned
};

}  // namespace c3d::ffmpeg
