#include "core/video/colour.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>

namespace c3d::video {
namespace {

/// ITU-R BT.601, as in torchvision and OpenCV.
constexpr std::array<float, 3> kGrey{0.299f, 0.587f, 0.114f};

/// out = matrix * in + offset, on red, green, blue. All four changes are of this form, so that they are one.
struct ColourMap {
  std::array<std::array<float, 3>, 3> matrix{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  std::array<float, 3> offset{};

  void append(const std::array<std::array<float, 3>, 3>& next, float nextOffset) {
    const ColourMap before = *this;
    for (std::size_t i = 0; i < 3; ++i) {
      offset[i] = nextOffset;
      for (std::size_t j = 0; j < 3; ++j) {
        offset[i] += next[i][j] * before.offset[j];
        matrix[i][j] = 0;
        for (std::size_t k = 0; k < 3; ++k) matrix[i][j] += next[i][k] * before.matrix[k][j];
      }
    }
  }
};

std::array<std::array<float, 3>, 3> uniform(float factor) {
  return {{{factor, 0, 0}, {0, factor, 0}, {0, 0, factor}}};
}

/// Towards every pixel's grey.
std::array<std::array<float, 3>, 3> saturating(float factor) {
  std::array<std::array<float, 3>, 3> matrix;
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 3; ++j) matrix[i][j] = (1 - factor) * kGrey[j] + (i == j ? factor : 0);
  return matrix;
}

/// A rotation about the grey axis that keeps the mean of the channels: a linear stand-in for the turn of the
/// hue angle in HSV, which it equals for pure colours.
std::array<std::array<float, 3>, 3> turning(float turns) {
  const float angle = turns * 2 * std::numbers::pi_v<float>;
  const float cosine = std::cos(angle);
  const float straight = (1 - cosine) / 3;
  const float sine = std::sin(angle) / std::numbers::sqrt3_v<float>;
  return {{{cosine + straight, straight - sine, straight + sine},
           {straight + sine, cosine + straight, straight - sine},
           {straight - sine, straight + sine, cosine + straight}}};
}

std::array<double, 3> meanOf(std::span<const std::uint8_t> pixels) {
  std::array<std::uint64_t, 3> sums{};
  for (std::size_t i = 0; i + 2 < pixels.size(); i += 3)
    for (std::size_t c = 0; c < 3; ++c) sums[c] += pixels[i + c];
  const double count = std::max(double(pixels.size() / 3), 1.0);
  return {double(sums[0]) / count, double(sums[1]) / count, double(sums[2]) / count};
}

float greyOf(const std::array<double, 3>& mean) {
  return kGrey[0] * float(mean[0]) + kGrey[1] * float(mean[1]) + kGrey[2] * float(mean[2]);
}

void mapColours(const ColourMap& map, std::span<std::uint8_t> pixels) {
  const auto& m = map.matrix;
  const auto& o = map.offset;
  const auto rounded = [](float value) { return std::uint8_t(std::clamp(value + 0.5f, 0.0f, 255.0f)); };
  for (std::size_t i = 0; i + 2 < pixels.size(); i += 3) {
    std::uint8_t* pixel = pixels.data() + i;
    const float a = pixel[0];
    const float b = pixel[1];
    const float c = pixel[2];
    pixel[0] = rounded(m[0][0] * a + m[0][1] * b + m[0][2] * c + o[0]);
    pixel[1] = rounded(m[1][0] * a + m[1][1] * b + m[1][2] * c + o[1]);
    pixel[2] = rounded(m[2][0] * a + m[2][1] * b + m[2][2] * c + o[2]);
  }
}

/// The map for pixels whose first channel is blue.
ColourMap reversed(const ColourMap& map) {
  ColourMap result;
  for (std::size_t i = 0; i < 3; ++i) {
    result.offset[i] = map.offset[2 - i];
    for (std::size_t j = 0; j < 3; ++j) result.matrix[i][j] = map.matrix[2 - i][2 - j];
  }
  return result;
}

}  // namespace

void changeColour(std::span<std::uint8_t> pixels, ChannelOrder order, const ColourChange& change) {
  if (change.isNone()) return;
  ColourMap map;
  map.append(uniform(change.brightness), 0);
  if (change.contrast != 1) {
    std::array<double, 3> mean = meanOf(pixels);
    if (order == ChannelOrder::Bgr) std::swap(mean[0], mean[2]);
    map.append(uniform(change.contrast), (1 - change.contrast) * change.brightness * greyOf(mean));
  }
  map.append(saturating(change.saturation), 0);
  map.append(turning(change.hue), 0);
  mapColours(order == ChannelOrder::Bgr ? reversed(map) : map, pixels);
}

}  // namespace c3d::video
