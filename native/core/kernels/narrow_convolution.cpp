#include "core/kernels/narrow_convolution.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/kernels/cpu_features.h"
#include "core/runtime/parallel.h"

#ifdef C3D_X86
#include <immintrin.h>
#endif

namespace c3d {

bool hasNarrowConvolution(const ConvolutionSize& size) {
  return hasAvx2() && size.inChannels <= 4;
}

#ifdef C3D_X86
namespace {

constexpr std::int64_t kOut = 16;       // output channels of a panel
constexpr std::size_t kPositions = 6;   // whose outputs fit into registers, for a panel
constexpr std::size_t kNeighbours = 5;  // whose weights fit into registers, for a panel

C3D_AVX2 inline __m256 load8(const float* from) {
  return _mm256_loadu_ps(from);
}
C3D_AVX2 inline __m256 load8(const BFloat16* from) {
  const __m128i halves = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
}

C3D_AVX2 inline void store8(float* to, __m256 values) {
  _mm256_storeu_ps(to, values);
}
/// Rounded to the nearest, of two equally near ones to the even.
C3D_AVX2 inline void store8(BFloat16* to, __m256 values) {
  const __m256i words = _mm256_castps_si256(values);
  const __m256i upper = _mm256_srli_epi32(words, 16);
  const __m256i half =
      _mm256_add_epi32(_mm256_set1_epi32(0x7FFF), _mm256_and_si256(upper, _mm256_set1_epi32(1)));
  const __m256i rounded = _mm256_srli_epi32(_mm256_add_epi32(words, half), 16);
  const __m256i quiet = _mm256_or_si256(upper, _mm256_set1_epi32(0x40));
  const __m256i isNan = _mm256_castps_si256(_mm256_cmp_ps(values, values, _CMP_UNORD_Q));
  const __m256i halves = _mm256_blendv_epi8(rounded, quiet, isNan);
  const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(halves, halves), 0b1000);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm256_castsi256_si128(packed));
}

std::vector<float> floats(std::int64_t count) {
  return std::vector<float>(static_cast<std::size_t>(count));
}

/// The sizes that the loops go by. A position's neighbours are the kernelWidth * inChannels values of a row
/// that its weights multiply.
struct Rows {
  explicit Rows(const ConvolutionSize& convolution)
      : size(convolution),
        neighbours(size.kernel[2] * size.inChannels),
        paddedRow((size.width + size.kernel[2] - 1) * size.inChannels),
        panels((size.outChannels + kOut - 1) / kOut) {}

  const ConvolutionSize& size;
  std::int64_t neighbours;
  std::int64_t paddedRow;  // floats
  std::int64_t panels;

  std::int64_t kernelRows() const { return size.kernel[0] * size.kernel[1]; }
  std::int64_t panelWeights() const { return kernelRows() * neighbours * kOut; }
  std::int64_t channelsOf(std::int64_t panel) const {
    return std::min(kOut, size.outChannels - panel * kOut);
  }
};

/// The input with zeros at both ends of every row.
template <typename Stored>
std::vector<float> padRows(const Rows& rows, const Stored* input) {
  const auto& size = rows.size;
  const auto length = size.width * size.inChannels;
  auto padded = floats(size.clips * size.frames * size.height * rows.paddedRow);
  parallelFor(size.clips * size.frames, [&](std::int64_t frame) {
    for (auto row = frame * size.height; row < (frame + 1) * size.height; ++row)
      std::transform(input + row * length, input + (row + 1) * length,
                     padded.data() + row * rows.paddedRow + (size.kernel[2] / 2) * size.inChannels,
                     [](Stored value) { return toFloat(value); });
  });
  return padded;
}

/// Calls `visit` with every kernel row and the padded input row that it meets at an output row.
template <typename Visit>
void forKernelRows(const Rows& rows, const float* padded, std::int64_t clip, std::int64_t frame,
                   std::int64_t row, const Visit& visit) {
  const auto& size = rows.size;
  for (std::int64_t dt = 0; dt < size.kernel[0]; ++dt) {
    const auto t = frame + dt - size.kernel[0] / 2;
    if (t < 0 || t >= size.frames) continue;
    for (std::int64_t dh = 0; dh < size.kernel[1]; ++dh) {
      const auto h = row + dh - size.kernel[1] / 2;
      if (h < 0 || h >= size.height) continue;
      visit(dt * size.kernel[1] + dh, padded + ((clip * size.frames + t) * size.height + h) * rows.paddedRow);
    }
  }
}

/// What the outputs of a row are made of, for one panel.
struct Terms {
  struct Term {
    const float* input;
    const float* weights;  // [neighbour, kOut]
  };
  std::vector<Term> terms;
  const float* bias;
};

/// Outputs of the positions `first` + P for a panel.
template <typename Stored, std::size_t... P>
C3D_AVX2 void multiply(std::index_sequence<P...>, const Rows& rows, const Terms& terms, std::int64_t first,
                       Stored* output, std::int64_t stride) {
  const auto step = rows.size.inChannels;
  __m256 low[] = {(static_cast<void>(P), _mm256_loadu_ps(terms.bias))...};
  __m256 high[] = {(static_cast<void>(P), _mm256_loadu_ps(terms.bias + 8))...};
  for (const auto& term : terms.terms) {
    const float* x = term.input + first * step;
    const float* w = term.weights;
    for (std::int64_t j = 0; j < rows.neighbours; ++j, ++x, w += kOut) {
      const __m256 lowWeights = _mm256_loadu_ps(w);
      const __m256 highWeights = _mm256_loadu_ps(w + 8);
      const float* at[] = {x + static_cast<std::int64_t>(P) * step...};
      ((low[P] = _mm256_fmadd_ps(_mm256_broadcast_ss(at[P]), lowWeights, low[P]),
        high[P] = _mm256_fmadd_ps(_mm256_broadcast_ss(at[P]), highWeights, high[P])),
       ...);
    }
  }
  ((store8(output + static_cast<std::int64_t>(P) * stride, low[P]),
    store8(output + static_cast<std::int64_t>(P) * stride + 8, high[P])),
   ...);
}

/// [panel, kernel row, neighbour, kOut]; channels that are not there are 0.
std::vector<float> packWeights(const Rows& rows, const float* weights) {
  const auto& size = rows.size;
  auto packed = floats(rows.panels * rows.panelWeights());
  for (std::int64_t o = 0; o < size.outChannels; ++o)
    for (std::int64_t k = 0; k < rows.kernelRows() * rows.neighbours; ++k)
      packed[static_cast<std::size_t>(o / kOut * rows.panelWeights() + k * kOut + o % kOut)] =
          weights[o * rows.kernelRows() * rows.neighbours + k];
  return packed;
}

/// One row of outputs.
template <typename Stored>
class RowOfOutputs {
 public:
  RowOfOutputs(const Rows& rows, const std::vector<float>& weights, const std::vector<float>& bias)
      : rows_(rows), weights_(weights), bias_(bias) {}

  void compute(const float* padded, std::int64_t clip, std::int64_t frame, std::int64_t row,
               Stored* output) const {
    Terms terms;
    for (std::int64_t panel = 0; panel < rows_.panels; ++panel) {
      terms.terms.clear();
      terms.bias = bias_.data() + panel * kOut;
      forKernelRows(rows_, padded, clip, frame, row, [&](std::int64_t kernelRow, const float* input) {
        const auto at = panel * rows_.panelWeights() + kernelRow * rows_.neighbours * kOut;
        terms.terms.push_back({input, weights_.data() + at});
      });
      computePanel(terms, panel, output);
    }
  }

 private:
  void computePanel(const Terms& terms, std::int64_t panel, Stored* output) const {
    constexpr auto kMany = static_cast<std::int64_t>(kPositions);
    const auto width = rows_.size.width;
    std::int64_t first = 0;
    // The last positions are computed with those before them where they do not fill the registers.
    if (width >= kMany)
      for (; first < width; first += kMany)
        computeTile<kPositions>(terms, panel, std::min(first, width - kMany), output);
    for (; first < width; ++first) computeTile<1>(terms, panel, first, output);
  }

  template <std::size_t kCount>
  void computeTile(const Terms& terms, std::int64_t panel, std::int64_t first, Stored* output) const {
    const auto channels = rows_.size.outChannels;
    auto* to = output + first * channels + panel * kOut;
    constexpr auto sequence = std::make_index_sequence<kCount>();
    if (rows_.channelsOf(panel) == kOut) return multiply(sequence, rows_, terms, first, to, channels);
    Stored tile[kCount * kOut];
    multiply(sequence, rows_, terms, first, tile, kOut);
    for (std::size_t p = 0; p < kCount; ++p)
      std::copy_n(tile + p * kOut, rows_.channelsOf(panel), to + static_cast<std::int64_t>(p) * channels);
  }

  const Rows& rows_;
  const std::vector<float>& weights_;
  const std::vector<float>& bias_;
};

/// sums[J, o] += over the positions of a row, gradient[position, o] input[position's neighbour J].
template <typename Stored, std::size_t... J>
C3D_AVX2 void accumulate(std::index_sequence<J...>, const Rows& rows, const float* input,
                         const Stored* gradient, std::int64_t stride, float* sums) {
  __m256 low[] = {_mm256_loadu_ps(sums + J * kOut)...};
  __m256 high[] = {_mm256_loadu_ps(sums + J * kOut + 8)...};
  const auto step = rows.size.inChannels;
  for (std::int64_t w = 0; w < rows.size.width; ++w, input += step, gradient += stride) {
    const __m256 lowGradient = load8(gradient);
    const __m256 highGradient = load8(gradient + 8);
    ((low[J] = _mm256_fmadd_ps(_mm256_broadcast_ss(input + J), lowGradient, low[J]),
      high[J] = _mm256_fmadd_ps(_mm256_broadcast_ss(input + J), highGradient, high[J])),
     ...);
  }
  ((_mm256_storeu_ps(sums + J * kOut, low[J]), _mm256_storeu_ps(sums + J * kOut + 8, high[J])), ...);
}

/// The weights' gradient from one frame of outputs, as packWeights has them.
template <typename Stored>
class FrameOfGradients {
 public:
  FrameOfGradients(const Rows& rows, float* sums) : rows_(rows), sums_(sums) {
    if (rows.size.outChannels % kOut != 0)
      lastPanel_.resize(static_cast<std::size_t>(rows.size.width * kOut));
  }

  void addRow(const float* padded, const Stored* gradient, std::int64_t clip, std::int64_t frame,
              std::int64_t row) {
    const auto channels = rows_.size.outChannels;
    for (std::int64_t panel = 0; panel < rows_.panels; ++panel) {
      const bool whole = rows_.channelsOf(panel) == kOut;
      if (!whole) packLastPanel(gradient, panel);
      const Stored* from = whole ? gradient + panel * kOut : lastPanel_.data();
      const auto stride = whole ? channels : kOut;
      forKernelRows(rows_, padded, clip, frame, row, [&](std::int64_t kernelRow, const float* input) {
        addKernelRow(input, from, stride,
                     sums_ + panel * rows_.panelWeights() + kernelRow * rows_.neighbours * kOut);
      });
    }
  }

 private:
  void addKernelRow(const float* input, const Stored* gradient, std::int64_t stride, float* sums) const {
    constexpr auto kMany = static_cast<std::int64_t>(kNeighbours);
    std::int64_t j = 0;
    for (; j + kMany <= rows_.neighbours; j += kMany)
      accumulate(std::make_index_sequence<kNeighbours>(), rows_, input + j, gradient, stride,
                 sums + j * kOut);
    const auto rest = rows_.neighbours - j;
    input += j;
    sums += j * kOut;
    if (rest == 1) accumulate(std::make_index_sequence<1>(), rows_, input, gradient, stride, sums);
    if (rest == 2) accumulate(std::make_index_sequence<2>(), rows_, input, gradient, stride, sums);
    if (rest == 3) accumulate(std::make_index_sequence<3>(), rows_, input, gradient, stride, sums);
    if (rest == 4) accumulate(std::make_index_sequence<4>(), rows_, input, gradient, stride, sums);
  }

  void packLastPanel(const Stored* gradient, std::int64_t panel) {
    for (std::int64_t w = 0; w < rows_.size.width; ++w)
      std::copy_n(gradient + w * rows_.size.outChannels + panel * kOut, rows_.channelsOf(panel),
                  lastPanel_.data() + w * kOut);
  }

  const Rows& rows_;
  float* sums_;
  std::vector<Stored> lastPanel_;  // of a row's gradient, filled up with zeros
};

}  // namespace

template <typename Stored>
void narrowConvolution(const ConvolutionSize& size, const Stored* input, const float* weights,
                       const float* bias, Stored* output) {
  const Rows rows(size);
  const auto padded = padRows(rows, input);
  const auto packed = packWeights(rows, weights);
  auto packedBias = floats(rows.panels * kOut);
  std::copy_n(bias, size.outChannels, packedBias.data());
  const RowOfOutputs<Stored> outputs(rows, packed, packedBias);
  parallelFor(size.clips * size.frames, [&](std::int64_t i) {
    for (std::int64_t h = 0; h < size.height; ++h)
      outputs.compute(padded.data(), i / size.frames, i % size.frames, h,
                      output + (i * size.height + h) * size.width * size.outChannels);
  });
}

template <typename Stored>
void narrowWeightGradient(const ConvolutionSize& size, const Stored* input, const Stored* outputGradient,
                          float* weights) {
  const Rows rows(size);
  const auto padded = padRows(rows, input);
  const auto frames = size.clips * size.frames;
  const auto length = rows.panels * rows.panelWeights();
  auto sums =
      floats(frames * length);  // of each frame by itself, so that the order of the sum is always the same
  parallelFor(frames, [&](std::int64_t i) {
    FrameOfGradients<Stored> frame(rows, sums.data() + i * length);
    for (std::int64_t h = 0; h < size.height; ++h)
      frame.addRow(padded.data(), outputGradient + (i * size.height + h) * size.width * size.outChannels,
                   i / size.frames, i % size.frames, h);
  });
  for (std::int64_t i = 1; i < frames; ++i)
    for (std::int64_t k = 0; k < length; ++k)
      sums[static_cast<std::size_t>(k)] += sums[static_cast<std::size_t>(i * length + k)];
  for (std::int64_t o = 0; o < size.outChannels; ++o)
    for (std::int64_t k = 0; k < rows.kernelRows() * rows.neighbours; ++k)
      weights[o * rows.kernelRows() * rows.neighbours + k] =
          sums[static_cast<std::size_t>(o / kOut * rows.panelWeights() + k * kOut + o % kOut)];
}

#else

template <typename Stored>
void narrowConvolution(const ConvolutionSize&, const Stored*, const float*, const float*, Stored*) {}
template <typename Stored>
void narrowWeightGradient(const ConvolutionSize&, const Stored*, const Stored*, float*) {}

#endif

#define C3D_INSTANTIATE(Stored)                                                                      \
  template void narrowConvolution(const ConvolutionSize&, const Stored*, const float*, const float*, \
                                  Stored*);                                                          \
  template void narrowWeightGradient(const ConvolutionSize&, const Stored*, const Stored*, float*);

C3D_INSTANTIATE(float)
C3D_INSTANTIATE(BFloat16)

}  // namespace c3d
