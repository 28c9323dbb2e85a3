#include "ffmpeg/frame_facts.h"

#include <array>
#include <cstddef>
#include <cstring>

extern "C" {
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
#include <libavutil/version.h>
}

namespace c3d::ffmpeg {
namespace {

constexpr std::uint64_t kMultiplier = 0x9e3779b97f4a7c15;

/// Four sums side by side, because one multiplication need not wait for another then.
class Digest {
 public:
  void add(const std::uint8_t* bytes, std::size_t count) {
    for (; count >= sizeof(Words); count -= sizeof(Words), bytes += sizeof(Words)) {
      Words words;
      std::memcpy(&words, bytes, sizeof words);
      mix(words);
    }
    Words rest{};
    std::memcpy(&rest, bytes, count);
    mix(rest);
  }

  std::uint64_t value() const {
    std::uint64_t value = 0;
    for (const std::uint64_t sum : sums_) value = mixed(value, sum);
    return value;
  }

 private:
  using Words = std::array<std::uint64_t, 4>;

  static std::uint64_t mixed(std::uint64_t sum, std::uint64_t word) {
    sum = (sum ^ word) * kMultiplier;
    return sum ^ (sum >> 32);
  }
  void mix(const Words& words) {
    for (std::size_t i = 0; i < words.size(); ++i) sums_[i] = mixed(sums_[i], words[i]);
  }

  Words sums_{};
};

}  // namespace

bool isKeyFrame(const AVFrame& frame) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(58, 7, 100)
  return (frame.flags & AV_FRAME_FLAG_KEY) != 0;
#else
  return frame.key_frame != 0;
#endif
}

std::int64_t timestampOf(const AVFrame& frame) {
  return frame.best_effort_timestamp;
}

std::uint64_t digestOf(const AVFrame& frame) {
  const auto format = AVPixelFormat(frame.format);
  const AVPixFmtDescriptor* descriptor = av_pix_fmt_desc_get(format);
  const int planes = av_pix_fmt_count_planes(format);
  Digest digest;
  for (int plane = 0; plane < planes; ++plane) {
    const bool isChroma = plane == 1 || plane == 2;
    const int shift = isChroma ? descriptor->log2_chroma_h : 0;
    const int rows = (frame.height + (1 << shift) - 1) >> shift;
    const int rowBytes = av_image_get_linesize(format, frame.width, plane);
    for (int y = 0; y < rows && rowBytes > 0; ++y) {
      const std::uint8_t* row = frame.data[plane] + std::ptrdiff_t(y) * frame.linesize[plane];
      digest.add(row, std::size_t(rowBytes));
    }
  }
  return digest.value();
}

std::uint64_t combined(std::uint64_t fingerprint, std::uint64_t digest) {
  Digest both;
  std::array<std::uint8_t, 2 * sizeof(std::uint64_t)> bytes;
  std::memcpy(bytes.data(), &fingerprint, sizeof fingerprint);
  std::memcpy(bytes.data() + sizeof fingerprint, &digest, sizeof digest);
  both.add(bytes.data(), bytes.size());
  return both.value();
}

}  // namespace c3d::ffmpeg
