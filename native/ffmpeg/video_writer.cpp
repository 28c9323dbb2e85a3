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
#include "ffmpeg/orientation.h"

extern "C" {
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
}

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

[[noreturn]] void refuse(const std::string& reason) {
  throw Error(ErrorCode::InvalidArgument, reason);
}

std::string sizeText(const video::VideoWriterOptions& options) {
  return std::to_string(options.width) + "x" + std::to_string(options.height);
}

void check(const video::VideoWriterOptions& options) {
  if (!video::isPictureSizeAllowed(options.width, options.height))
    refuse("A video needs a width and height of 1 to 16384, not " + sizeText(options) + ".");
  if (!std::isfinite(options.framesPerSecond) || options.framesPerSecond <= 0 ||
      options.framesPerSecond > 1000) {
    refuse("A video needs a frame rate above 0 and up to 1000 per second, not " +
           std::to_string(options.framesPerSecond) + ".");
  }
  if (options.ticksPerSecond < 0) refuse("A video needs a positive number of ticks a second.");
}

AVPixelFormat pixelFormatOf(const video::VideoWriterOptions& options) {
  const AVPixelFormat format = av_get_pix_fmt(options.pixelFormat.c_str());
  if (format == AV_PIX_FMT_NONE) refuse("FFmpeg knows no pixel format \"" + options.pixelFormat + "\".");
  if (!sws_isSupportedOutput(format)) refuse("FFmpeg cannot convert to " + options.pixelFormat + ".");
  return format;
}

bool isRgb(AVPixelFormat format) {
  return (av_pix_fmt_desc_get(format)->flags & AV_PIX_FMT_FLAG_RGB) != 0;
}

const AVCodec* findEncoder(const std::string& name) {
  if (!name.empty()) {
    const AVCodec* named = avcodec_find_encoder_by_name(name.c_str());
    if (named == nullptr) refuse("This FFmpeg has no encoder \"" + name + "\".");
    return named;
  }
  const AVCodec* x264 = avcodec_find_encoder_by_name("libx264");
  const AVCodec* codec = x264 != nullptr ? x264 : avcodec_find_encoder(AV_CODEC_ID_MPEG4);
  if (codec == nullptr) refuse("This FFmpeg has neither an H.264 nor an MPEG-4 encoder.");
  return codec;
}

Options toOptions(const video::VideoWriterOptions::Settings& settings) {
  Options options;
  for (const auto& [name, value] : settings) options.set(name.c_str(), value);
  return options;
}

/// FFmpeg leaves behind what it does not know.
void requireAllUsed(Options& options, const std::string& by) {
  const AVDictionaryEntry* unused = av_dict_get(*options.first(), "", nullptr, AV_DICT_IGNORE_SUFFIX);
  if (unused != nullptr) refuse(by + " has no setting \"" + unused->key + "\".");
}

class FfmpegVideoWriter final : public video::VideoWriter {
 public:
  FfmpegVideoWriter(const std::filesystem::path& file, const video::VideoWriterOptions& options)
      : file_(file),
        width_(options.width),
        height_(options.height),
        constantRate_(options.ticksPerSecond == 0),
        packet_(allocated(av_packet_alloc())),
        frame_(allocated(av_frame_alloc())) {
    openOutput(options);
    openEncoder(options);
    openStream(options);
    openFrame();
    openScaler(options);
    Options settings = toOptions(options.containerSettings);
    require(avformat_write_header(output_.get(), settings.first()));
    requireAllUsed(settings, "The container " + options.container);
  }

  void write(std::span<const std::uint8_t> rgb, std::optional<std::int64_t> time) override {
    const std::size_t expected = std::size_t(width_) * height_ * 3;
    if (finished_)
      throw Error(ErrorCode::Closed, "The video is finished; no more frames can be written to it.");
    if (rgb.size() != expected) {
      refuse("A frame of " + std::to_string(width_) + "x" + std::to_string(height_) + " has " +
             std::to_string(expected) + " bytes, not " + std::to_string(rgb.size()) + ".");
    }
    if (time && *time < nextTime_) {
      refuse("Frame " + std::to_string(written_) + " is shown at tick " + std::to_string(*time) +
             ", which is not after the frame before.");
    }
    require(av_frame_make_writable(frame_.get()));
    const std::uint8_t* planes[] = {rgb.data(), nullptr, nullptr, nullptr};
    const int strides[] = {width_ * 3, 0, 0, 0};
    sws_scale(scaler_.get(), planes, strides, 0, height_, frame_->data, frame_->linesize);
    frame_->pts = time.value_or(nextTime_);
    nextTime_ = frame_->pts + 1;
    ++written_;
    encode(frame_.get());
  }

  void finish() override {
    if (finished_) return;
    if (written_ == 0) refuse("A video without a frame cannot be finished.");
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

  void openOutput(const video::VideoWriterOptions& options) {
    AVFormatContext* output = nullptr;
    avformat_alloc_output_context2(&output, nullptr, options.container.c_str(), nullptr);
    if (output == nullptr) refuse("This FFmpeg writes no container \"" + options.container + "\".");
    output_.reset(output);
    output_->flags |= AVFMT_FLAG_BITEXACT;
    const std::string url = "file:" + file_.path().string();
    require(avio_open(&output_->pb, url.c_str(), AVIO_FLAG_WRITE));
  }

  void openEncoder(const video::VideoWriterOptions& options) {
    const AVCodec* codec = findEncoder(options.encoder);
    encoder_.reset(allocated(avcodec_alloc_context3(codec)));
    encoder_->width = width_;
    encoder_->height = height_;
    encoder_->pix_fmt = pixelFormatOf(options);
    encoder_->framerate = av_d2q(options.framesPerSecond, kMaxRateDenominator);
    encoder_->time_base =
        constantRate_ ? av_inv_q(encoder_->framerate) : AVRational{1, options.ticksPerSecond};
    describeColors(options);
    encoder_->thread_count = 1;  // with more the bytes may differ from run to run
    encoder_->flags |= AV_CODEC_FLAG_BITEXACT;
    if (output_->oformat->flags & AVFMT_GLOBALHEADER) encoder_->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    Options settings = toOptions(options.encoderSettings);
    chooseQuality(*codec, options, settings);
    if (const int opened = avcodec_open2(encoder_.get(), codec, settings.first()); opened < 0) {
      refuse(std::string("The encoder ") + codec->name + " does not take " + sizeText(options) +
             " pixels of " + options.pixelFormat + " with these settings (" + describe(opened) +
             "). Formats that halve the colours, such as yuv420p, need an even width and height.");
    }
    requireAllUsed(settings, std::string("The encoder ") + codec->name);
  }

  /// Said in the file, so that every reader inverts the conversion that was made.
  void describeColors(const video::VideoWriterOptions& options) {
    const bool bt709 = options.matrix == video::ColorMatrix::Bt709;
    const AVColorSpace matrix = bt709 ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
    encoder_->colorspace = isRgb(encoder_->pix_fmt) ? AVCOL_SPC_RGB : matrix;
    const bool fullRange = options.fullRange || isRgb(encoder_->pix_fmt);
    encoder_->color_range = fullRange ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
  }

  /// Of the encoder that is taken when none is named.
  void chooseQuality(const AVCodec& codec, const video::VideoWriterOptions& options, Options& settings) {
    if (!options.encoder.empty()) return;
    if (codec.id == AV_CODEC_ID_H264) {
      if (av_dict_get(*settings.first(), "crf", nullptr, 0) == nullptr) settings.set("crf", "18");
    } else {
      encoder_->flags |= AV_CODEC_FLAG_QSCALE;
      encoder_->global_quality = 3 * FF_QP2LAMBDA;
    }
  }

  void openStream(const video::VideoWriterOptions& options) {
    stream_ = allocated(avformat_new_stream(output_.get(), nullptr));
    require(avcodec_parameters_from_context(stream_->codecpar, encoder_.get()));
    stream_->time_base = encoder_->time_base;
    stream_->avg_frame_rate = encoder_->framerate;
    if (options.rotation != 0) setRotation(*stream_, options.rotation);
  }

  void openFrame() {
    frame_->format = encoder_->pix_fmt;
    frame_->width = width_;
    frame_->height = height_;
    frame_->colorspace = encoder_->colorspace;
    frame_->color_range = encoder_->color_range;
    require(av_frame_get_buffer(frame_.get(), 0));
  }

  void openScaler(const video::VideoWriterOptions& options) {
    constexpr int kAccurately =
        SWS_BILINEAR | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INP | SWS_FULL_CHR_H_INT | SWS_BITEXACT;
    scaler_.reset(allocated(sws_getContext(width_, height_, AV_PIX_FMT_RGB24, width_, height_,
                                           encoder_->pix_fmt, kAccurately, nullptr, nullptr, nullptr)));
    if (isRgb(encoder_->pix_fmt)) return;
    constexpr int kOne = 1 << 16;
    const bool bt709 = options.matrix == video::ColorMatrix::Bt709;
    const int* matrix = sws_getCoefficients(bt709 ? SWS_CS_ITU709 : SWS_CS_SMPTE170M);
    sws_setColorspaceDetails(scaler_.get(), matrix, 1, matrix, options.fullRange ? 1 : 0, 0, kOne, kOne);
  }

  /// Gives the encoder a frame, or the end, and writes what comes out.
  void encode(const AVFrame* frame) {
    require(avcodec_send_frame(encoder_.get(), frame));
    while (true) {
      const int received = avcodec_receive_packet(encoder_.get(), packet_.get());
      if (received == AVERROR(EAGAIN) || received == AVERROR_EOF) return;
      require(received);
      packet_->stream_index = stream_->index;
      if (constantRate_) packet_->duration = 1;
      av_packet_rescale_ts(packet_.get(), encoder_->time_base, stream_->time_base);
      require(av_interleaved_write_frame(output_.get(), packet_.get()));
    }
  }

  TemporaryFile file_;  // first, so that it is closed before it is removed
  int width_;
  int height_;
  bool constantRate_;
  OutputPointer output_;
  CodecPointer encoder_;
  AVStream* stream_ = nullptr;  // belongs to output_
  PacketPointer packet_;
  FramePointer frame_;
  ScalerPointer scaler_;
  std::int64_t written_ = 0;
  std::int64_t nextTime_ = 0;  // earliest possible, in ticks
  bool finished_ = false;
};

}  // namespace

std::unique_ptr<video::VideoWriter> createVideoFile(const std::filesystem::path& file,
                                                    const video::VideoWriterOptions& options) {
  check(options);
  return std::make_unique<FfmpegVideoWriter>(file, options);
}

}  // namespace c3d::ffmpeg
