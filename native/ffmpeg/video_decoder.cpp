#include "ffmpeg/video_decoder.h"

#include <cmath>
#include <string>
#include <system_error>

#include "core/video/picture_limits.h"
#include "ffmpeg/av_error.h"

extern "C" {
#include <libavutil/avstring.h>
}

namespace c3d::ffmpeg {
namespace {

#if LIBAVFORMAT_VERSION_MAJOR < 59
using FoundCodec = AVCodec*;  // FFmpeg 4
using FoundFormat = AVInputFormat*;
#else
using FoundCodec = const AVCodec*;
using FoundFormat = const AVInputFormat*;
#endif

/// A fifo or a device could block for ever or never end, so only regular files are opened.
void requireRegularFile(const std::filesystem::path& file) {
  std::error_code failure;
  const auto status = std::filesystem::status(file, failure);
  if (status.type() == std::filesystem::file_type::not_found) {
    throw Error(ErrorCode::FileNotFound, "There is no video \"" + file.string() + "\".");
  }
  if (std::filesystem::is_directory(status)) unreadable(file, "it is a folder");
  if (failure) unreadable(file, failure.message());
  if (!std::filesystem::is_regular_file(status)) unreadable(file, "it is not a regular file");
  if (std::filesystem::file_size(file, failure) == 0) unreadable(file, "the file is empty");
}

/// Playlists name other files. Opening one opens those, for ever where it names itself.
bool isPlaylist(const AVInputFormat& format) {
  for (const char* name : {"hls", "dash", "concat", "imf"}) {
    if (av_match_name(name, format.name)) return true;
  }
  return false;
}

void checkPictureSize(const std::filesystem::path& file, int width, int height) {
  const bool unknown = width == 0 && height == 0;
  if (unknown || video::isPictureSizeAllowed(width, height)) return;
  unreadable(file, "it claims " + std::to_string(width) + "x" + std::to_string(height) +
                       " pixels; at most 16384 a side and 64 million in all are accepted");
}

void limitCodec(Options& options) {
  // With more threads decoders say nothing of most damage, and mend it by chance. Told to fail at damage
  // instead ("err_detect"), FFmpeg 5.1 ends the process.
  options.set("threads", "1");
  options.set("max_pixels", std::to_string(video::kMaxPicturePixels));
}

}  // namespace

class VideoDecoder::Interruptible {
 public:
  Interruptible(VideoDecoder& decoder, const Cancellation& cancellation) : decoder_(decoder) {
    decoder_.cancellation_ = &cancellation;
  }
  ~Interruptible() { decoder_.cancellation_ = nullptr; }
  Interruptible(const Interruptible&) = delete;
  Interruptible& operator=(const Interruptible&) = delete;

 private:
  VideoDecoder& decoder_;
};

int VideoDecoder::isInterrupted(void* decoder) {
  const Cancellation* cancellation = static_cast<const VideoDecoder*>(decoder)->cancellation_;
  return cancellation != nullptr && cancellation->requested() ? 1 : 0;
}

VideoDecoder::VideoDecoder(const std::filesystem::path& file, Opening opening,
                           const Cancellation& cancellation)
    : file_(file), packet_(allocated(av_packet_alloc())), frame_(allocated(av_frame_alloc())) {
  requireRegularFile(file_);
  const Interruptible interruptible(*this, cancellation);
  try {
    openInput();
    openCodec(findStream(opening));
  } catch (const Error&) {
    cancellation.throwIfRequested();  // an interruption looks like a failure to FFmpeg
    throw;
  }
}

void VideoDecoder::require(int result) const {
  if (result == AVERROR_INVALIDDATA) unreadable(file_, "it is no video, or its beginning or end is missing");
  if (result < 0) unreadable(file_, describe(result));
}

void VideoDecoder::openInput() {
  const AVIOInterruptCB interrupt{&VideoDecoder::isInterrupted, this};
  // The prefix keeps a name with a colon in it from being taken for another protocol.
  const std::string url = "file:" + file_.string();
  AVIOContext* bytes = nullptr;
  require(avio_open2(&bytes, url.c_str(), AVIO_FLAG_READ, &interrupt, nullptr));
  bytes_.reset(bytes);
  FoundFormat format = nullptr;
  require(av_probe_input_buffer2(bytes, &format, url.c_str(), nullptr, 0, 0));
  if (isPlaylist(*format)) unreadable(file_, "it is a playlist, not a video");

  AVFormatContext* input = allocated(avformat_alloc_context());
  input->pb = bytes;
  input->interrupt_callback = interrupt;
  Options options;
  options.set("protocol_whitelist", "file");
  require(avformat_open_input(&input, url.c_str(), format, options.first()));  // frees `input` when it fails
  input_.reset(input);
}

/// Whether there is just one video stream, of a container whose header describes it.
bool VideoDecoder::headerTellsAll() const {
  const char* container = input_->iformat->name;
  if (!av_match_name("mp4", container) && !av_match_name("matroska", container)) return false;
  int videos = 0;
  for (unsigned i = 0; i < input_->nb_streams; ++i) {
    const AVCodecParameters& parameters = *input_->streams[i]->codecpar;
    if (parameters.codec_type != AVMEDIA_TYPE_VIDEO) continue;
    if (parameters.width <= 0 || parameters.height <= 0) return false;
    ++videos;
  }
  return videos == 1;
}

const AVCodec* VideoDecoder::findStream(Opening opening) {
  for (unsigned i = 0; i < input_->nb_streams; ++i) {
    const AVCodecParameters& parameters = *input_->streams[i]->codecpar;
    if (parameters.codec_type == AVMEDIA_TYPE_VIDEO)
      checkPictureSize(file_, parameters.width, parameters.height);
  }
  quick_ = opening == Opening::Quick && headerTellsAll();
  if (!quick_) {
    Options limits(input_->nb_streams);
    limitCodec(limits);
    const int probed = avformat_find_stream_info(input_.get(), limits.first());
    if (probed < 0) unreadable(file_, describe(probed));
  }

  FoundCodec codec = nullptr;
  const int best = av_find_best_stream(input_.get(), AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0);
  if (best == AVERROR_DECODER_NOT_FOUND) unreadable(file_, "this FFmpeg has no decoder for its video stream");
  if (best < 0) unreadable(file_, "it has no video stream");
  stream_ = input_->streams[best];
  if (stream_->disposition & AV_DISPOSITION_ATTACHED_PIC)
    unreadable(file_, "it has only a cover picture, no video");
  for (unsigned i = 0; i < input_->nb_streams; ++i) {
    if (input_->streams[i] != stream_) input_->streams[i]->discard = AVDISCARD_ALL;
  }
  return codec;
}

void VideoDecoder::openCodec(const AVCodec* codec) {
  const AVCodecParameters& parameters = *stream_->codecpar;
  checkPictureSize(file_, parameters.width, parameters.height);
  codec_.reset(allocated(avcodec_alloc_context3(codec)));
  const int copied = avcodec_parameters_to_context(codec_.get(), &parameters);
  if (copied < 0) unreadable(file_, describe(copied));
  codec_->pkt_timebase = stream_->time_base;
  Options options;
  limitCodec(options);
  const int opened = avcodec_open2(codec_.get(), codec, options.first());
  if (opened < 0) unreadable(file_, std::string("its decoder does not start: ") + describe(opened));
}

const AVFrame* VideoDecoder::next(const Cancellation& cancellation) {
  const Interruptible interruptible(*this, cancellation);
  while (true) {
    cancellation.throwIfRequested();
    const int received = avcodec_receive_frame(codec_.get(), frame_.get());
    if (received >= 0) {
      if (frame_->decode_error_flags != 0 || (frame_->flags & AV_FRAME_FLAG_CORRUPT))
        damage_ = AVERROR_INVALIDDATA;
      return frame_.get();
    }
    if (received != AVERROR(EAGAIN) && received != AVERROR_EOF) damage_ = received;
    if (received == AVERROR_EOF || drained_) return nullptr;
    feed();
  }
}

void VideoDecoder::feed() {
  const int read = av_read_frame(input_.get(), packet_.get());
  if (read == AVERROR(EAGAIN)) return;
  if (read < 0) {
    if (read != AVERROR_EOF) damage_ = read;
    drained_ = true;
    avcodec_send_packet(codec_.get(), nullptr);
    return;
  }
  if (packet_->stream_index == stream_->index) {
    if (packet_->flags & AV_PKT_FLAG_CORRUPT) damage_ = AVERROR_INVALIDDATA;
    const bool isEarly = packet_->pts != AV_NOPTS_VALUE && packet_->pts < wantedFrom_;
    const bool unwanted = isEarly || leftOut_ > 0;
    if (leftOut_ > 0) --leftOut_;
    codec_->skip_frame = unwanted ? AVDISCARD_NONREF : AVDISCARD_DEFAULT;
    const int sent = avcodec_send_packet(codec_.get(), packet_.get());
    if (sent < 0) damage_ = sent;
  }
  av_packet_unref(packet_.get());
}

double VideoDecoder::framesPerSecond() const {
  const AVRational rate = stream_->avg_frame_rate.num > 0 ? stream_->avg_frame_rate : stream_->r_frame_rate;
  return rate.num > 0 && rate.den > 0 ? av_q2d(rate) : 0;
}

std::int64_t VideoDecoder::promisedFrames() const {
  if (stream_->nb_frames > 0) return stream_->nb_frames;
  const double seconds = stream_->duration > 0 ? double(stream_->duration) * av_q2d(stream_->time_base)
                                               : double(input_->duration) / AV_TIME_BASE;
  const double frames = std::round(seconds * framesPerSecond());
  return frames > 0 && frames < 1e9 ? std::int64_t(frames) : 0;  // an unknown duration is negative
}

std::optional<std::int64_t> VideoDecoder::timeOf(std::int64_t place) const {
  const AVRational rate = stream_->r_frame_rate;
  if (!av_match_name("avi", input_->iformat->name) || rate.num <= 0 || rate.den <= 0) return std::nullopt;
  return av_rescale_q(place, av_inv_q(rate), stream_->time_base);
}

bool VideoDecoder::seek(std::int64_t timestamp, const Cancellation& cancellation) {
  const Interruptible interruptible(*this, cancellation);
  cancellation.throwIfRequested();
  if (av_seek_frame(input_.get(), stream_->index, timestamp, AVSEEK_FLAG_BACKWARD) < 0) return false;
  avcodec_flush_buffers(codec_.get());
  drained_ = false;
  wantedFrom_ = AV_NOPTS_VALUE;
  leftOut_ = 0;
  return true;
}

}  // namespace c3d::ffmpeg
