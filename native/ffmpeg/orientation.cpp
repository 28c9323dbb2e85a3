#include "ffmpeg/orientation.h"

#include <cstddef>
#include <cstdlib>

#include "ffmpeg/av_error.h"

extern "C" {
#include <libavcodec/version.h>
#include <libavutil/display.h>
}

namespace c3d::ffmpeg {
namespace {

/// The 3x3 display matrix of the stream, or nothing.
const std::int32_t* displayMatrix(const AVStream& stream) {
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(60, 30, 100)
  const AVPacketSideData* data = av_packet_side_data_get(
      stream.codecpar->coded_side_data, stream.codecpar->nb_coded_side_data, AV_PKT_DATA_DISPLAYMATRIX);
  return data != nullptr ? reinterpret_cast<const std::int32_t*>(data->data) : nullptr;
#else
  return reinterpret_cast<const std::int32_t*>(
      av_stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, nullptr));
#endif
}

const std::int32_t* displayMatrix(const AVFrame& frame) {
  const AVFrameSideData* data = av_frame_get_side_data(&frame, AV_FRAME_DATA_DISPLAYMATRIX);
  return data != nullptr ? reinterpret_cast<const std::int32_t*>(data->data) : nullptr;
}

bool isNegligible(std::int64_t part, std::int64_t whole) {
  return 64 * std::abs(part) < std::abs(whole);
}

}  // namespace

Orientation orientationOf(const AVStream& stream, const AVFrame& frame) {
  const std::int32_t* matrix = displayMatrix(stream);
  if (matrix == nullptr) matrix = displayMatrix(frame);
  if (matrix == nullptr) return {};
  // Shown at x' = a x + c y, y' = b x + d y, with the matrix a b _ c d _ _ _ _.
  const std::int64_t a = matrix[0];
  const std::int64_t b = matrix[1];
  const std::int64_t c = matrix[3];
  const std::int64_t d = matrix[4];
  const bool straight = isNegligible(b, a) && isNegligible(c, d);
  const bool across = isNegligible(a, b) && isNegligible(d, c);
  if (straight) return {false, a < 0, d < 0};
  if (across) return {true, c < 0, b < 0};
  return {};
}

void setRotation(AVStream& stream, int degrees) {
  constexpr std::size_t kBytes = 9 * sizeof(std::int32_t);
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(60, 30, 100)
  AVCodecParameters& parameters = *stream.codecpar;
  AVPacketSideData* data = allocated(av_packet_side_data_new(
      &parameters.coded_side_data, &parameters.nb_coded_side_data, AV_PKT_DATA_DISPLAYMATRIX, kBytes, 0));
  std::uint8_t* bytes = data->data;
#else
  std::uint8_t* bytes = allocated(av_stream_new_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, kBytes));
#endif
  av_display_rotation_set(reinterpret_cast<std::int32_t*>(bytes), degrees);
}

void turn(const Orientation& orientation, const std::uint8_t* picture, int displayedWidth,
          int displayedHeight, std::uint8_t* out) {
  // Steps in the stored picture, in pixels, for one step to the right and one step down in the displayed one.
  const std::ptrdiff_t storedWidth = orientation.transposed ? displayedHeight : displayedWidth;
  std::ptrdiff_t right = orientation.transposed ? storedWidth : 1;
  std::ptrdiff_t down = orientation.transposed ? 1 : storedWidth;
  std::ptrdiff_t start = 0;
  if (orientation.mirroredX) {
    start += right * (displayedWidth - 1);
    right = -right;
  }
  if (orientation.mirroredY) {
    start += down * (displayedHeight - 1);
    down = -down;
  }
  for (std::ptrdiff_t y = 0; y < displayedHeight; ++y) {
    const std::uint8_t* pixel = picture + (start + y * down) * 3;
    for (int x = 0; x < displayedWidth; ++x) {
      out[0] = pixel[0];
      out[1] = pixel[1];
      out[2] = pixel[2];
      pixel += right * 3;
      out += 3;
    }
  }
}

}  // namespace c3d::ffmpeg
