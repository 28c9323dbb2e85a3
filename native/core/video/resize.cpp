#include "core/video/resize.h"

#include <algorithm>
#include <cmath>
#include <string>

#if defined(__SSE2__)
#include <emmintrin.h>

#include <cstring>
#endif

namespace c3d::video {
namespace {

constexpr int kChannels = 3;
constexpr int kWeightOne = 1 << 11;

/// Weighs two rows of 128ths. The shifts are those of OpenCV's fixed-point code, so that rounding agrees.
void blend(const std::int16_t* first, std::int16_t firstWeight, const std::int16_t* second,
           std::int16_t secondWeight, std::size_t count, std::uint8_t* target) {
  for (std::size_t i = 0; i < count; ++i) {
    const int sum = ((firstWeight * first[i]) >> 16) + ((secondWeight * second[i]) >> 16);
    target[i] = std::uint8_t((sum + 2) >> 2);
  }
}

}  // namespace

Resizer::Resizer(int sourceWidth, int sourceHeight, int targetWidth, int targetHeight) {
  if (sourceWidth <= 0 || sourceHeight <= 0 || targetWidth <= 0 || targetHeight <= 0) {
    throw Error(ErrorCode::InvalidArgument,
                "A picture of " + std::to_string(sourceWidth) + "x" + std::to_string(sourceHeight) +
                    " cannot be resized to " + std::to_string(targetWidth) + "x" +
                    std::to_string(targetHeight) + ": all sides must be at least 1.");
  }
  columns_ = taps(sourceWidth, targetWidth);
  rows_ = taps(sourceHeight, targetHeight);
  for (Tap& column : columns_) {
    column.first *= kChannels;
    column.second *= kChannels;
    if (column.second + 4 <= sourceWidth * kChannels) ++wideColumns_;
  }
  // One value more than there are: pixels are stored by fours of values.
  for (Row& row : cache_) row.values.resize(columns_.size() * kChannels + 1);
}

std::vector<Resizer::Tap> Resizer::taps(int sourceLength, int targetLength) {
  // The scale is the inverse of an inverse and the position a float because OpenCV's are: the last bit of a
  // position decides the rounding of its weights.
  const double scale = 1.0 / (double(targetLength) / sourceLength);
  std::vector<Tap> taps;
  taps.resize(std::size_t(targetLength));
  for (int i = 0; i < targetLength; ++i) {
    const float position = float((i + 0.5) * scale - 0.5);
    const int below = int(std::floor(position));
    const float fraction = position - float(below);
    Tap& tap = taps[std::size_t(i)];
    tap.first = std::clamp(below, 0, sourceLength - 1);
    tap.second = std::clamp(below + 1, 0, sourceLength - 1);
    tap.firstWeight = std::int16_t(std::lrint((1.0f - fraction) * kWeightOne));
    tap.secondWeight = std::int16_t(std::lrint(fraction * kWeightOne));
  }
  return taps;
}

template <ChannelOrder order>
void Resizer::resizeRow(const std::uint8_t* source, std::int16_t* values) const {
  constexpr int kRed = order == ChannelOrder::Rgb ? 0 : 2;
  constexpr int kBlue = 2 - kRed;
  std::size_t x = 0;
#if defined(__SSE2__)
  // Four bytes at once, of which three are wanted; compilers do not find this by themselves, and it halves
  // the time.
  for (; x < wideColumns_; ++x) {
    const Tap& column = columns_[x];
    int first = 0;
    int second = 0;
    std::memcpy(&first, source + column.first, 4);
    std::memcpy(&second, source + column.second, 4);
    const __m128i pairs = _mm_unpacklo_epi8(_mm_cvtsi32_si128(first), _mm_cvtsi32_si128(second));
    const __m128i weights = _mm_set1_epi32(column.secondWeight << 16 | column.firstWeight);
    const __m128i sums = _mm_madd_epi16(_mm_unpacklo_epi8(pairs, _mm_setzero_si128()), weights);
    __m128i pixel = _mm_packs_epi32(_mm_srai_epi32(sums, 4), sums);
    if constexpr (order == ChannelOrder::Bgr) pixel = _mm_shufflelo_epi16(pixel, _MM_SHUFFLE(3, 0, 1, 2));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(values + x * kChannels), pixel);
  }
#endif
  for (; x < columns_.size(); ++x) {
    const Tap& column = columns_[x];
    const std::uint8_t* first = source + column.first;
    const std::uint8_t* second = source + column.second;
    std::int16_t* pixel = values + x * kChannels;
    pixel[kRed] = std::int16_t((first[0] * column.firstWeight + second[0] * column.secondWeight) >> 4);
    pixel[1] = std::int16_t((first[1] * column.firstWeight + second[1] * column.secondWeight) >> 4);
    pixel[kBlue] = std::int16_t((first[2] * column.firstWeight + second[2] * column.secondWeight) >> 4);
  }
}

template <ChannelOrder order>
void Resizer::resizeAs(const std::uint8_t* source, std::ptrdiff_t sourceStride, std::uint8_t* target) {
  for (Row& row : cache_) row.source = -1;
  const auto resized = [&](int wanted, int keep) {
    for (const Row& row : cache_) {
      if (row.source == wanted) return row.values.data();
    }
    Row& row = cache_[0].source == keep ? cache_[1] : cache_[0];
    resizeRow<order>(source + wanted * sourceStride, row.values.data());
    row.source = wanted;
    return static_cast<const std::int16_t*>(row.values.data());
  };
  const std::size_t rowValues = columns_.size() * kChannels;
  for (const Tap& row : rows_) {
    const std::int16_t* first = resized(row.first, row.second);
    const std::int16_t* second = resized(row.second, row.first);
    blend(first, row.firstWeight, second, row.secondWeight, rowValues, target);
    target += rowValues;
  }
}

void Resizer::resize(const std::uint8_t* source, std::ptrdiff_t sourceStride, std::uint8_t* target,
                     ChannelOrder order) {
  if (order == ChannelOrder::Rgb) {
    resizeAs<ChannelOrder::Rgb>(source, sourceStride, target);
  } else {
    resizeAs<ChannelOrder::Bgr>(source, sourceStride, target);
  }
}

}  // namespace c3d::video
