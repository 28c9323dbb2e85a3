#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/runtime/cancellation.h"

namespace c3d::video {

enum class ChannelOrder { Rgb, Bgr };

/// The frames that a source delivers: uint8 [height, width, 3]. The picture is squashed to this size, its
/// aspect ratio ignored, bilinearly and with rotation metadata applied (paper, section 3: 128 high x 171
/// wide).
struct FrameFormat {
  int width = 0;
  int height = 0;
  ChannelOrder order = ChannelOrder::Rgb;
  std::size_t bytes() const { return std::size_t(width) * std::size_t(height) * 3; }
  bool operator==(const FrameFormat&) const = default;
};

/// Tells whether a file is still the one that was looked at before.
struct FileVersion {
  std::int64_t size = 0;      // bytes
  std::int64_t modified = 0;  // nanoseconds since 1970
  bool operator==(const FileVersion&) const = default;
};

/// What one pass over a source found out. Frames are addressed by their place in output order, 0-based.
struct FrameIndex {
  std::int64_t frameCount = 0;  // frames that really decode, not what a header claims
  int width = 0;                // pixels as displayed, before resizing
  int height = 0;
  double framesPerSecond = 0;  // average; 0 when unknown (frame folders)
  std::string codec;           // FFmpeg's name, "jpeg" or "png" for frame folders
  /// Presentation time of every frame in the stream's time base; empty when they do not identify a frame
  /// (missing, repeated or out of order).
  std::vector<std::int64_t> timestamps;
  std::vector<std::int64_t> keyFrames;  // output places of frames where decoding can start
  /// Of the decoded pixels of every frame: shows that decoding from a key frame gave the very frame that
  /// decoding from the start gives. Empty for damaged files, in which nothing is sought.
  std::vector<std::uint64_t> digests;
  std::vector<std::string> files;  // frame folders only: file of every frame, in order
  /// Of all decoded pixels in order: equal for files that show the same, however they are named or muxed. 0
  /// for frame folders, whose frames are not decoded to count them.
  std::uint64_t fingerprint = 0;
  FileVersion version;  // of a video file when it was indexed
  std::string warning;  // what is wrong with a file that can be read all the same; empty when nothing is
};

/// An opened video or frame folder. Not thread-safe: one thread a source.
class FrameSource {
 public:
  virtual ~FrameSource() = default;
  /// Writes the frames at `places` (ascending, repeats allowed, all below frameCount) to `out`, which holds
  /// places.size() * height * width * 3 bytes. The result is that of decoding everything from the start;
  /// reading on from where the last call ended costs no seek. Throws Error(VideoUnreadable | FileNotFound)
  /// naming the file, Error(InvalidArgument) for a place that is not there, and Error(Aborted) soon after
  /// `cancellation` is requested; the source can be read again after any of them.
  virtual void read(std::span<const std::int64_t> places, std::span<std::uint8_t> out,
                    const Cancellation& cancellation) = 0;
};

}  // namespace c3d::video
