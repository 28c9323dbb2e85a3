#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/video/frame_source.h"

namespace c3d::video {

/// Bilinear resizing of RGB pictures, uint8 [height, width, 3], by the rule of OpenCV's INTER_LINEAR, to the
/// last bit: half-pixel centres, edge pixels repeated, 11-bit fixed-point weights, and no low-pass filter
/// when shrinking. One object serves one pair of sizes and one thread.
class Resizer {
 public:
  /// Sizes in pixels. Throws Error(InvalidArgument) unless all are positive.
  Resizer(int sourceWidth, int sourceHeight, int targetWidth, int targetHeight);

  /// Rows of `source` are `sourceStride` bytes apart; `target` is packed and gets its channels in `order`.
  void resize(const std::uint8_t* source, std::ptrdiff_t sourceStride, std::uint8_t* target,
              ChannelOrder order);

 private:
  /// Where a target pixel (or row) lies between two source pixels (or rows), with weights that add up to
  /// 2048.
  struct Tap {
    int first = 0;
    int second = 0;
    std::int16_t firstWeight = 0;
    std::int16_t secondWeight = 0;
  };
  /// A source row resized to the target width, in 128ths of a grey level; kept because neighbouring target
  /// rows often share it.
  struct Row {
    int source = -1;
    std::vector<std::int16_t> values;
  };

  static std::vector<Tap> taps(int sourceLength, int targetLength);
  template <ChannelOrder order>
  void resizeAs(const std::uint8_t* source, std::ptrdiff_t sourceStride, std::uint8_t* target);
  template <ChannelOrder order>
  void resizeRow(const std::uint8_t* source, std::int16_t* values) const;

  std::vector<Tap> columns_;     // positions in bytes
  std::size_t wideColumns_ = 0;  // so many of them, from the left, lie 4 bytes or more before the row's end
  std::vector<Tap> rows_;
  Row cache_[2];
};

}  // namespace c3d::video
