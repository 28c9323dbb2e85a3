#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "core/runtime/cancellation.h"
#include "ffmpeg/av_pointers.h"

namespace c3d::ffmpeg {

/// Decodes the video stream of a local file, frame after frame in output order, on the calling thread. Not
/// movable: FFmpeg keeps its address.
class VideoDecoder {
 public:
  /// How well the file is looked at before the first frame is asked for. Thorough decodes a little of every
  /// stream, which takes milliseconds. Quick leaves that out where the header tells the rest; then frames may
  /// come in another order, or without their timestamps, and must be checked.
  enum class Opening { Thorough, Quick };

  /// Opens the file and its decoder. Throws Error(FileNotFound | VideoUnreadable | Aborted).
  VideoDecoder(const std::filesystem::path& file, Opening opening, const Cancellation& cancellation);
  VideoDecoder(const VideoDecoder&) = delete;
  VideoDecoder& operator=(const VideoDecoder&) = delete;

  /// The next frame, which lives until the next call; nullptr at the end. Data that does not decode is passed
  /// over, as by FFmpeg's own tools. Throws Error(Aborted).
  const AVFrame* next(const Cancellation& cancellation);

  /// Makes the next frame one of the last key frame at or before `timestamp`, in the stream's time base, or
  /// one that is shown before it. Where it really landed must be looked at. False where the file cannot do
  /// it; then the decoder is of no further use.
  bool seek(std::int64_t timestamp, const Cancellation& cancellation);

  /// About when the frame at `place` is stored, in the stream's time base, for a container whose times are
  /// the numbers of its packets (.avi). Nothing for others.
  std::optional<std::int64_t> timeOf(std::int64_t place) const;

  /// Lets frames be left out that are shown before `timestamp`, in the stream's time base, and that no other
  /// frame is predicted from.
  void wantFrom(std::int64_t timestamp) { wantedFrom_ = timestamp; }

  /// The same for the next `count` packets, for files whose packets have no timestamps.
  void leaveOut(std::int64_t count) { leftOut_ = count; }

  /// Whether the opening was quick; not every file allows it.
  bool isQuick() const { return quick_; }
  const AVStream& stream() const { return *stream_; }
  const AVCodecContext& codec() const { return *codec_; }
  /// By the header; 0 where it does not tell.
  double framesPerSecond() const;
  std::int64_t promisedFrames() const;
  /// What FFmpeg said of the last data that it could not read or decode; 0 when all was well so far.
  int damage() const { return damage_; }

 private:
  /// Says for the length of one call what stops FFmpeg's reading.
  class Interruptible;

  static int isInterrupted(void* decoder);
  /// Throws for an error code of FFmpeg's.
  void require(int result) const;
  void openInput();
  bool headerTellsAll() const;
  const AVCodec* findStream(Opening opening);
  void openCodec(const AVCodec* codec);
  void feed();

  std::filesystem::path file_;
  const Cancellation* cancellation_ = nullptr;
  BytesPointer bytes_;
  InputPointer input_;          // reads from bytes_
  AVStream* stream_ = nullptr;  // belongs to input_
  CodecPointer codec_;
  PacketPointer packet_;
  FramePointer frame_;
  bool quick_ = false;
  std::int64_t wantedFrom_ = AV_NOPTS_VALUE;
  std::int64_t leftOut_ = 0;  // so many packets more
  int damage_ = 0;
  bool drained_ = false;  // the decoder has been told that no more packets come
};

}  // namespace c3d::ffmpeg
