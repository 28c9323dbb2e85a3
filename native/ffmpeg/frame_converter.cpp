#include "ffmpeg/frame_converter.h"

#include <string>

#include "ffmpeg/av_error.h"

extern "C" {
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
}

namespace c3d::ffmpeg {
namespace {

/// Pixels that swscale's vector code may write at once; rows are padded to a multiple of it.
constexpr int kRowPadding = 64;

/// The matrix from YUV to RGB. Files that do not say get BT.601 at any size, as in OpenCV and swscale.
int coefficientsOf(const AVFrame& frame) {
  switch (frame.colorspace) {
    case AVCOL_SPC_BT709:
      return SWS_CS_ITU709;
    case AVCOL_SPC_FCC:
      return SWS_CS_FCC;
    case AVCOL_SPC_SMPTE240M:
      return SWS_CS_SMPTE240M;
    case AVCOL_SPC_BT2020_NCL:
    case AVCOL_SPC_BT2020_CL:
      return SWS_CS_BT2020;
    default:
      return SWS_CS_ITU601;
  }
}

/// The "J" formats are the plain ones with the full range; swscale prefers to be told the range apart.
AVPixelFormat withoutRange(AVPixelFormat format) {
  switch (format) {
    case AV_PIX_FMT_YUVJ411P:
      return AV_PIX_FMT_YUV411P;
    case AV_PIX_FMT_YUVJ420P:
      return AV_PIX_FMT_YUV420P;
    case AV_PIX_FMT_YUVJ422P:
      return AV_PIX_FMT_YUV422P;
    case AV_PIX_FMT_YUVJ440P:
      return AV_PIX_FMT_YUV440P;
    case AV_PIX_FMT_YUVJ444P:
      return AV_PIX_FMT_YUV444P;
    default:
      return format;
  }
}

/// The size rounded up to whole chroma samples. swscale stretches the chroma of other sizes by a fraction of
/// a row.
std::pair<int, int> wholeChromaSize(int width, int height, AVPixelFormat format) {
  const AVPixFmtDescriptor* descriptor = av_pix_fmt_desc_get(format);
  if (descriptor == nullptr) return {width, height};
  const auto roundedUp = [](int length, int log2) { return ((length + (1 << log2) - 1) >> log2) << log2; };
  return {roundedUp(width, descriptor->log2_chroma_w), roundedUp(height, descriptor->log2_chroma_h)};
}

FramePointer makeFrame(int width, int height, AVPixelFormat format) {
  FramePointer frame(allocated(av_frame_alloc()));
  frame->width = width;
  frame->height = height;
  frame->format = format;
  if (av_frame_get_buffer(frame.get(), 0) < 0) throw std::bad_alloc();
  return frame;
}

[[noreturn]] void notConvertible(const std::filesystem::path& file, AVPixelFormat format) {
  const char* name = av_get_pix_fmt_name(format);
  unreadable(file,
             std::string("its pixel format, ") + (name ? name : "unknown") + ", cannot be converted to RGB");
}

}  // namespace

void FrameConverter::requireConvertible(const AVFrame& frame, const std::filesystem::path& file) {
  const auto format = AVPixelFormat(frame.format);
  if (!sws_isSupportedInput(format)) notConvertible(file, format);
}

FrameConverter::Source FrameConverter::describe(const AVFrame& frame, const Orientation& orientation) {
  Source source;
  source.width = frame.width;
  source.height = frame.height;
  source.pixels = withoutRange(AVPixelFormat(frame.format));
  source.coefficients = coefficientsOf(frame);
  source.fullRange = source.pixels != frame.format || frame.color_range == AVCOL_RANGE_JPEG;
  source.transposed = orientation.transposed;
  return source;
}

void FrameConverter::prepare(const Source& source) {
  if (source == source_) return;
  source_ = {};  // stays so if this fails
  const auto [width, height] = wholeChromaSize(source.width, source.height, source.pixels);
  padded_.reset();
  if (width != source.width || height != source.height) padded_ = makeFrame(width, height, source.pixels);
  // The nearest chroma sample, which is what swscale's fast paths take, so that all formats follow one rule.
  scaler_.reset(sws_getContext(width, height, source.pixels, width, height, AV_PIX_FMT_RGB24, SWS_POINT,
                               nullptr, nullptr, nullptr));
  if (!scaler_) notConvertible(file_, source.pixels);
  constexpr int kOne = 1 << 16;
  // Refused for sources that are RGB already and need none of it.
  sws_setColorspaceDetails(scaler_.get(), sws_getCoefficients(source.coefficients), source.fullRange ? 1 : 0,
                           sws_getCoefficients(SWS_CS_DEFAULT), 1, 0, kOne, kOne);
  const int targetWidth = source.transposed ? format_.height : format_.width;
  const int targetHeight = source.transposed ? format_.width : format_.height;
  resizer_.emplace(source.width, source.height, targetWidth, targetHeight);
  rgbStride_ = (width + kRowPadding - 1) / kRowPadding * kRowPadding * 3;
  rgb_.resize(std::size_t(rgbStride_) * height + kRowPadding * 3);
  source_ = source;
}

void FrameConverter::toRgb(const AVFrame& decoded) {
  if (padded_) {
    const std::uint8_t* from[] = {decoded.data[0], decoded.data[1], decoded.data[2], decoded.data[3]};
    av_image_copy(padded_->data, padded_->linesize, from, decoded.linesize, source_.pixels, decoded.width,
                  decoded.height);
  }
  const AVFrame& frame = padded_ ? *padded_ : decoded;
  std::uint8_t* planes[] = {rgb_.data(), nullptr, nullptr, nullptr};
  const int strides[] = {rgbStride_, 0, 0, 0};
  sws_scale(scaler_.get(), frame.data, frame.linesize, 0, frame.height, planes, strides);
}

void FrameConverter::convert(const AVFrame& frame, const Orientation& orientation,
                             std::span<std::uint8_t> out) {
  prepare(describe(frame, orientation));
  toRgb(frame);
  if (orientation.isUpright()) {
    resizer_->resize(rgb_.data(), rgbStride_, out.data(), format_.order);
    return;
  }
  // Turning the small picture gives what resizing the turned one would.
  unturned_.resize(out.size());
  resizer_->resize(rgb_.data(), rgbStride_, unturned_.data(), format_.order);
  turn(orientation, unturned_.data(), format_.width, format_.height, out.data());
}

}  // namespace c3d::ffmpeg
