#include "ffmpeg/video_index.h"

#include <optional>
#include <string>
#include <utility>

#include "ffmpeg/av_error.h"
#include "ffmpeg/frame_converter.h"
#include "ffmpeg/frame_facts.h"
#include "ffmpeg/orientation.h"
#include "ffmpeg/video_decoder.h"

namespace c3d::ffmpeg {
namespace {

/// Headers of sound files count a frame or two too many: all HMDB51 files do.
constexpr std::int64_t kHarmlessExcess = 2;

/// Fills in an index, frame by frame.
class IndexBuilder {
 public:
  void add(const AVFrame& frame, const VideoDecoder& decoder) {
    if (index_.frameCount == 0) describe(frame, decoder);
    const std::int64_t timestamp = timestampOf(frame);
    const bool later = index_.timestamps.empty() || timestamp > index_.timestamps.back();
    if (timestamp == AV_NOPTS_VALUE || !later) timestampsIdentify_ = false;
    const std::uint64_t digest = digestOf(frame);
    index_.fingerprint = combined(index_.fingerprint, digest);
    index_.digests.push_back(digest);
    if (timestampsIdentify_) index_.timestamps.push_back(timestamp);
    if (isKeyFrame(frame)) index_.keyFrames.push_back(index_.frameCount);
    ++index_.frameCount;
  }

  std::int64_t frameCount() const { return index_.frameCount; }

  /// What the first frame and the header promise.
  video::FrameIndex expected(const VideoDecoder& decoder) const {
    video::FrameIndex expected;
    expected.width = index_.width;
    expected.height = index_.height;
    expected.framesPerSecond = index_.framesPerSecond;
    expected.frameCount = decoder.promisedFrames();
    return expected;
  }

  video::FrameIndex finish(const VideoDecoder& decoder) {
    // How a decoder mends damage may depend on what it saw before; so after damage nothing is sought.
    const bool isDamaged = decoder.damage() != 0;
    if (isDamaged) index_.digests.clear();
    if (isDamaged || !timestampsIdentify_) index_.timestamps.clear();
    index_.warning = warningOf(decoder);
    index_.codec = avcodec_get_name(decoder.codec().codec_id);
    return std::move(index_);
  }

 private:
  void describe(const AVFrame& frame, const VideoDecoder& decoder) {
    const bool transposed = orientationOf(decoder.stream(), frame).transposed;
    index_.width = transposed ? frame.height : frame.width;
    index_.height = transposed ? frame.width : frame.height;
    index_.framesPerSecond = decoder.framesPerSecond();
  }

  std::string warningOf(const VideoDecoder& decoder) const {
    const std::string decoded =
        std::to_string(index_.frameCount) + (index_.frameCount == 1 ? " frame" : " frames");
    if (decoder.damage() != 0)
      return "a part of it is damaged (" + c3d::ffmpeg::describe(decoder.damage()) + "); " + decoded +
             " of it can be read";
    const std::int64_t claimed = decoder.stream().nb_frames;
    if (claimed - index_.frameCount <= kHarmlessExcess) return {};
    return "its header counts " + std::to_string(claimed) + " frames, but " + decoded +
           " can be read; it may be cut off";
  }

  video::FrameIndex index_;
  bool timestampsIdentify_ = true;
};

/// Hands frames to a sink in the format that it wants.
class SinkFeeder {
 public:
  SinkFeeder(video::FrameSink& sink, const std::filesystem::path& file) : sink_(sink), file_(file) {}

  void begin(const video::FrameIndex& expected) { converter_.emplace(sink_.begin(expected), file_); }

  void feed(const AVFrame& frame, const AVStream& stream, std::int64_t place) {
    sink_.take(place, [&](std::span<std::uint8_t> out) {
      converter_->convert(frame, orientationOf(stream, frame), out);
    });
  }

 private:
  video::FrameSink& sink_;
  const std::filesystem::path& file_;
  std::optional<FrameConverter> converter_;
};

}  // namespace

video::FrameIndex indexVideo(const std::filesystem::path& file, video::FrameSink* sink,
                             const Cancellation& cancellation) {
  VideoDecoder decoder(file, VideoDecoder::Opening::Thorough, cancellation);
  IndexBuilder builder;
  std::optional<SinkFeeder> feeder;
  if (sink != nullptr) feeder.emplace(*sink, file);
  while (const AVFrame* frame = decoder.next(cancellation)) {
    const std::int64_t place = builder.frameCount();
    if (place == 0) FrameConverter::requireConvertible(*frame, file);
    builder.add(*frame, decoder);
    if (!feeder) continue;
    if (place == 0) feeder->begin(builder.expected(decoder));
    feeder->feed(*frame, decoder.stream(), place);
  }
  if (builder.frameCount() == 0) {
    unreadable(file, decoder.damage() != 0 ? "no frame of it decodes: " + describe(decoder.damage())
                                           : std::string("it has a video stream without a frame"));
  }
  return builder.finish(decoder);
}

}  // namespace c3d::ffmpeg
