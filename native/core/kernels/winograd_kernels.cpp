#include "core/kernels/winograd_kernels.h"

#include <algorithm>

#include "core/kernels/winograd_tiles.h"
#include "core/runtime/parallel.h"

#ifdef C3D_X86

namespace c3d::winograd {
namespace {

constexpr std::int64_t kTaps = 27;

/// G along one axis: of a kernel's three taps, its four points.
C3D_AVX2_PART void toPoints(const __m256& a, const __m256& b, const __m256& c, __m256* points,
                            std::int64_t apart) {
  const auto half = _mm256_set1_ps(0.5F);
  const auto ends = _mm256_mul_ps(half, _mm256_add_ps(a, c));
  const auto middle = _mm256_mul_ps(half, b);
  points[0] = a;
  points[apart] = _mm256_add_ps(ends, middle);
  points[2 * apart] = _mm256_sub_ps(ends, middle);
  points[3 * apart] = c;
}

/// G^T along one axis: of the gradients of four points, those of three taps.
C3D_AVX2_PART void toTaps(const __m256& a, const __m256& b, const __m256& c, const __m256& d, __m256* taps,
                          std::int64_t apart) {
  const auto half = _mm256_set1_ps(0.5F);
  const auto sum = _mm256_mul_ps(half, _mm256_add_ps(b, c));
  taps[0] = _mm256_add_ps(a, sum);
  taps[apart] = _mm256_mul_ps(half, _mm256_sub_ps(b, c));
  taps[2 * apart] = _mm256_add_ps(sum, d);
}

/// kLanes channels of a kernel, whose taps are `apart` from each other, to its points.
C3D_AVX2_PART void transformKernel(const float* taps, std::int64_t apart, __m256 (&points)[kPoints]) {
  __m256 frames[4 * 9];
  for (std::int64_t p = 0; p < 9; ++p)
    toPoints(_mm256_loadu_ps(taps + p * apart), _mm256_loadu_ps(taps + (9 + p) * apart),
             _mm256_loadu_ps(taps + (18 + p) * apart), frames + p, 9);
  for (int t = 0; t < 4; ++t) {
    __m256 rows[4 * 3];
    const auto* frame = frames + t * 9;
    for (int w = 0; w < 3; ++w) toPoints(frame[w], frame[3 + w], frame[6 + w], rows + w, 3);
    for (int h = 0; h < 4; ++h)
      toPoints(rows[h * 3], rows[h * 3 + 1], rows[h * 3 + 2], points + (t * 4 + h) * 4, 1);
  }
}

/// Rows of 8 x 8 values become columns.
C3D_AVX2_PART void transpose(__m256 (&x)[8]) {
  __m256 pairs[8], quads[8];
  for (int i = 0; i < 8; i += 2) {
    pairs[i] = _mm256_unpacklo_ps(x[i], x[i + 1]);
    pairs[i + 1] = _mm256_unpackhi_ps(x[i], x[i + 1]);
  }
  for (int i = 0; i < 8; i += 4)
    for (int j = 0; j < 2; ++j) {
      quads[i + j * 2] = _mm256_shuffle_ps(pairs[i + j], pairs[i + j + 2], 0x44);
      quads[i + j * 2 + 1] = _mm256_shuffle_ps(pairs[i + j], pairs[i + j + 2], 0xee);
    }
  for (int i = 0; i < 4; ++i) {
    x[i] = _mm256_permute2f128_ps(quads[i], quads[4 + i], 0x20);
    x[4 + i] = _mm256_permute2f128_ps(quads[i], quads[4 + i], 0x31);
  }
}

/// A panel of output channels; what is summed up are the input channels.
C3D_AVX2 void transformPanelForward(const ConvolutionSize& size, std::int64_t panel, const float* weights,
                                    float* points) {
  const auto in = size.inChannels;
  for (std::int64_t c = 0; c < in; c += kLanes)
    for (std::int64_t o = 0; o < kPanel; o += kLanes) {
      __m256 kernels[kLanes][kPoints];
      for (std::int64_t i = 0; i < kLanes; ++i)
        transformKernel(weights + (panel * kPanel + o + i) * kTaps * in + c, in, kernels[i]);
      for (std::int64_t p = 0; p < kPoints; ++p) {
        __m256 block[kLanes];
        for (std::int64_t i = 0; i < kLanes; ++i) block[i] = kernels[i][p];
        transpose(block);
        auto* to = points + ((panel * kPoints + p) * in + c) * kPanel + o;
        for (std::int64_t i = 0; i < kLanes; ++i) _mm256_storeu_ps(to + i * kPanel, block[i]);
      }
    }
}

/// A panel of input channels; what is summed up are the output channels. The kernel is turned round along all
/// axes: its last tap comes first.
C3D_AVX2 void transformPanelBackward(const ConvolutionSize& size, std::int64_t panel, const float* weights,
                                     float* points) {
  const auto in = size.inChannels;
  for (std::int64_t o = 0; o < size.outChannels; ++o)
    for (std::int64_t c = 0; c < kPanel; c += kLanes) {
      __m256 kernel[kPoints];
      const auto* lastTap = weights + (o * kTaps + kTaps - 1) * in + panel * kPanel + c;
      transformKernel(lastTap, -in, kernel);
      for (std::int64_t p = 0; p < kPoints; ++p)
        _mm256_storeu_ps(points + ((panel * kPoints + p) * size.outChannels + o) * kPanel + c, kernel[p]);
    }
}

}  // namespace

void transformWeights(const ConvolutionSize& size, Direction direction, const float* weights, float* points) {
  const bool forward = direction == Direction::Forward;
  const auto transform = forward ? transformPanelForward : transformPanelBackward;
  parallelFor((forward ? size.outChannels : size.inChannels) / kPanel,
              [&](std::int64_t panel) { transform(size, panel, weights, points); });
}

C3D_AVX2 void transformPointGradients(const float* points, std::int64_t stride, std::int64_t inChannels,
                                      bool first, float* weights) {
  __m256 frames[3 * 16];
  for (std::int64_t p = 0; p < 16; ++p)
    toTaps(_mm256_loadu_ps(points + p * stride), _mm256_loadu_ps(points + (16 + p) * stride),
           _mm256_loadu_ps(points + (32 + p) * stride), _mm256_loadu_ps(points + (48 + p) * stride),
           frames + p, 16);
  for (int t = 0; t < 3; ++t) {
    __m256 rows[3 * 4];
    const auto* frame = frames + t * 16;
    for (int w = 0; w < 4; ++w) toTaps(frame[w], frame[4 + w], frame[8 + w], frame[12 + w], rows + w, 4);
    for (const auto* row = rows; row < rows + 12; row += 4) {
      __m256 taps[3];
      toTaps(row[0], row[1], row[2], row[3], taps, 1);
      for (int w = 0; w < 3; ++w, weights += inChannels)
        _mm256_storeu_ps(weights, first ? taps[w] : _mm256_add_ps(_mm256_loadu_ps(weights), taps[w]));
    }
  }
}

}  // namespace c3d::winograd

#endif
