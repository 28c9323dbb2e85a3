#include "ffmpeg/video_index.h"

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

/// 0 when the file does not say.
double averageFrameRate(const AVStream& stream) {
  const AVRational rate = stream.avg_frame_rate.num > 0 ? stream.avg_frame_rate : stream.r_frame_rate;
  return rate.num > 0 && rate.den > 0 ? av_q2d(rate) : 0;
}

/// Fills in an index, frame by frame.
class IndexBuilder {
 public:
  void add(const AVFrame& frame, const AVStream& stream) {
    if (index_.frameCount == 0) describe(frame, stream);
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

  video::FrameIndex finish(const VideoDecoder& decoder) {
    // How a decoder mends damage may depend on what it saw before; so after damage nothing is sought.
    const bool isDamaged = decoder.damage() != 0;
    if (isDamaged) index_.digests.clear();
    if (isDamaged || !timestampsIdentify_) index_.timestamps.clear();
    index_.warning = warningOf(decoder);
    index_.framesPerSecond = averageFrameRate(decoder.stream());
    index_.codec = avcodec_get_name(decoder.codec().codec_id);
    return std::move(index_);
  }

 private:
  void describe(const AVFrame& frame, const AVStream& stream) {
    const bool transposed = orientationOf(stream, frame).transposed;
    index_.width = transposed ? frame.height : frame.width;
    index_.height = transposed ? frame.width : frame.height;
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

}  // namespace

video::FrameIndex indexVideo(const std::filesystem::path& file, const Cancellation& cancellation) {
  VideoDecoder decoder(file, VideoDecoder::Opening::Thorough, cancellation);
  IndexBuilder builder;
  while (const AVFrame* frame = decoder.next(cancellation)) {
    if (builder.frameCount() == 0) FrameConverter::requireConvertible(*frame, file);
    builder.add(*frame, decoder.stream());
  }
  if (builder.frameCount() == 0) {
    unreadable(file, decoder.damage() != 0 ? "no frame of it decodes: " + describe(decoder.damage())
                                           : std::string("it has a video stream without a frame"));
  }
  return builder.finish(decoder);
}

}  // namespace c3d::ffmpeg
