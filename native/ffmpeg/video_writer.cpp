#include "ffmpeg/video_writer.h"

#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <system_error>
#include <utility>

#include "core/video/picture_limits.h"
#include "ffmpeg/av_error.h"
#include "ffmpeg/av_pointers.h"

namespace c3d::ffmpeg {
namespace {

constexpr int kMaxRateDenominator = 60000;  // MPEG-4 part 2 has 16 bits for it

struct OutputDeleter {
  void operator()(AVFormatContext* context) const {
    avio_closep(&context->pb);
    avformat_free_context(context);
  }
};
using OutputPointer = std::unique_ptr<AVFormatContext, OutputDeleter>;

/// A name beside the final one, which no other process is likely to choose.
std::filesystem::path temporaryName(const std::filesystem::path& file) {
  std::random_device random;
  std::filesystem::path name = file;
  name += '.';
  name += std::to_string(random());
  name += std::to_string(random());
  name += ".partial";
  return name;
}

/// A file under a temporary name: moved to its own name by `keep`, removed without.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::filesystem::path finalName)
      : final_(std::move(finalName)), temporary_(temporaryName(final_)) {}
  ~TemporaryFile() {
    std::error_code ignored;
    if (!kept_) std::filesystem::remove(temporary_, ignored);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::filesystem::path& path() const { return temporary_; }
  const std::filesystem::path& finalPath() const { return final_; }

  std::error_code keep() {
    std::error_code failure;
    std::filesystem::rename(temporary_, final_, failure);
    kept_ = !failure;
    return failure;
  }

 private:
  std::filesystem::path final_;
  std::filesystem::path temporary_;
  bool kept_ = false;
};

void check(const video::VideoWriterOptions& options) {
  if (options.width % 2 != 0 || options.height % 2 != 0 ||
      !video::isPictureSizeAllowed(options.width, options.height)) {
    throw Error(ErrorCode::InvalidArgument, "A video needs an even width and height of at most 16384, not " +
                                                std::to_string(options.width) + "x" +
                                                std::to_string(options.height) + ".");
  }
  if (!std::isfinite(options.framesPerSecond) || options.framesPerSecond <= 0 ||
      options.framesPerSecond > 1000) {
    throw Error(ErrorCode::InvalidArgument,
                "A video needs a frame rate above 0 and up to 1000 per second, not " +
                    std::to_string(options.framesPerSecond) + ".");
  }
}

class FfmpegVideoWriter final : public video::VideoWriter {
 public:
  FfmpegVideoWriter(const std::filesystem::path& file, const video::VideoWriterOptions& options)
      : file_(file),
        width_(options.width),
        height_(options.height),
        packet_(allocated(av_packet_alloc())),
        frame_(allocated(av_frame_alloc())) {
    openOutput();
    openEncoder(options);
    openFrame();
    openScaler();
    Options none;
    require(avformat_write_header(output_.get(), none.first()));
  }

  void write(std::span<const std::uint8_t> rgb) override {
    const std::size_t expected = std::size_t(width_) * height_ * 3;
    if (finished_)
      throw Error(ErrorCode::Closed, "The video is finished; no more frames can be written to it.");
    if (rgb.size() != expected) {
      throw Error(ErrorCode::InvalidArgument,
                  "A frame of " + std::to_string(width_) + "x" + std::to_string(height_) + " has " +
                      std::to_string(expected) + " bytes, not " + std::to_string(rgb.size()) + ".");
    }
    require(av_frame_make_writable(frame_.get()));
    const std::uint8_t* planes[] = {rgb.data(), nullptr, nullptr, nullptr};
    const int strides[] = {width_ * 3, 0, 0, 0};
    sws_scale(scaler_.get(), planes, strides, 0, height_, frame_->data, frame_->linesize);
    frame_->pts = written_++;
    encode(frame_.get());
  }

  void finish() override {
    if (finished_) return;
    if (written_ == 0) throw Error(ErrorCode::InvalidArgument, "A video without a frame cannot be finished.");
    encode(nullptr);
    require(av_write_trailer(output_.get()));
    require(avio_closep(&output_->pb));
    finished_ = true;
    if (const std::error_code failure = file_.keep()) fail(failure.message());
  }

 private:
  [[noreturn]] void fail(const std::string& reason) const {
    throw Error(ErrorCode::File,
                "Cannot write the video \"" + file_.finalPath().string() + "\": " + reason + ".");
  }
  void require(int result) const {
    if (result < 0) fail(describe(result));
  }

  void openOutput() {
    AVFormatContext* output = nullptr;
    require(avformat_alloc_output_context2(&output, nullptr, "mp4", nullptr));
    output_.reset(output);
    output_->flags |= AVFMT_FLAG_BITEXACT;
    const std::string url = "file:" + file_.path().string();
    require(avio_open(&output_->pb, url.c_str(), AVIO_FLAG_WRITE));
  }

  void openEncoder(const video::VideoWriterOptions& options) {
    const AVCodec* x264 = avcodec_find_encoder_by_name("libx264");
    const AVCodec* codec = x264 != nullptr ? x264 : avcodec_find_encoder(AV_CODEC_ID_MPEG4);
    if (codec == nullptr) fail("this FFmpeg has neither an H.264 nor an MPEG-4 encoder");
    encoder_.reset(allocated(avcodec_alloc_context3(codec)));
    encoder_->width = width_;
    encoder_->height = height_;
    encoder_->pix_fmt = AV_PIX_FMT_YUV420P;
    encoder_->framerate = av_d2q(options.framesPerSecond, kMaxRateDenominator);
    encoder_->time_base = av_inv_q(encoder_->framerate);
    // Said in the file, so that every reader inverts the conversion that was made.
    encoder_->colorspace = AVCOL_SPC_SMPTE170M;
    encoder_->color_range = AVCOL_RANGE_MPEG;
    encoder_->thread_count = 1;  // with more the bytes may differ from run to run
    encoder_->flags |= AV_CODEC_FLAG_BITEXACT;
    if (output_->oformat->flags & AVFMT_GLOBALHEADER) encoder_->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    Options encoding;
    if (x264 != nullptr) {
      encoding.set("crf", "18");
    } else {
      encoder_->flags |= AV_CODEC_FLAG_QSCALE;
      encoder_->global_quality = 3 * FF_QP2LAMBDA;
    }
    require(avcodec_open2(encoder_.get(), codec, encoding.first()));

    stream_ = allocated(avformat_new_stream(output_.get(), nullptr));
    require(avcodec_parameters_from_context(stream_->codecpar, encoder_.get()));
    stream_->time_base = encoder_->time_base;
    stream_->avg_frame_rate = encoder_->framerate;
  }

  void openFrame() {
    frame_->format = encoder_->pix_fmt;
    frame_->width = width_;
    frame_->height = height_;
    frame_->colorspace = encoder_->colorspace;
    frame_->color_range = encoder_->color_range;
    require(av_frame_get_buffer(frame_.get(), 0));
  }

  void openScaler() {
    constexpr int kAccurately = SWS_BILINEAR | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INP | SWS_BITEXACT;
    scaler_.reset(allocated(sws_getContext(width_, height_, AV_PIX_FMT_RGB24, width_, height_,
                                           AV_PIX_FMT_YUV420P, kAccurately, nullptr, nullptr, nullptr)));
    constexpr int kOne = 1 << 16;
    const int* bt601 = sws_getCoefficients(SWS_CS_SMPTE170M);
    sws_setColorspaceDetails(scaler_.get(), bt601, 1, bt601, 0, 0, kOne, kOne);
  }

  /// Gives the encoder a frame, or the end, and writes what comes out.
  void encode(const AVFrame* frame) {
    require(avcodec_send_frame(encoder_.get(), frame));
    while (true) {
      const int received = avcodec_receive_packet(encoder_.get(), packet_.get());
      if (received == AVERROR(EAGAIN) || received == AVERROR_EOF) return;
      require(received);
      packet_->stream_index = stream_->index;
      packet_->duration = 1;
      av_packet_rescale_ts(packet_.get(), encoder_->time_base, stream_->time_base);
      require(av_interleaved_write_frame(output_.get(), packet_.get()));
    }
  }

  TemporaryFile file_;  // first, so that it is closed before it is removed
  int width_;
  int height_;
  OutputPointer output_;
  CodecPointer encoder_;
  AVStream* stream_ = nullptr;  // belongs to output_
  PacketPointer packet_;
  FramePointer frame_;
  ScalerPointer scaler_;
  std::int64_t written_ = 0;
  bool finished_ = false;
};

}  // namespace

std::unique_ptr<video::VideoWriter> createVideoFile(const std::filesystem::path& file,
                                                    const video::VideoWriterOptions& options) {
  check(options);
  return std::make_unique<FfmpegVideoWriter>(file, options);
}

}  // namespace c3d::ffmpeg
