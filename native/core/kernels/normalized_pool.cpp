#include "core/kernels/normalized_pool.h"

#include <algorithm>
#include <array>

#include "core/kernels/cpu_features.h"
#include "core/runtime/parallel.h"

namespace c3d {
namespace {

/// Channels whose maxima are held at a time.
constexpr std::int64_t kBlock = 64;

/// What of a window is inside: the channels of each place, and which element it is.
template <typename Stored>
struct Window {
  std::array<const Stored*, kNoElement> values;
  std::array<std::uint8_t, kNoElement> elements;
  std::size_t count = 0;

  Window(const PoolSize& size, const Stored* input, std::int64_t clip, std::int64_t t, std::int64_t h,
         std::int64_t w) {
    const auto [kT, kH, kW] = size.kernel;
    std::uint8_t element = 0;
    for (auto inT = t * kT - size.padding[0], endT = inT + kT; inT < endT; ++inT)
      for (auto inH = h * kH - size.padding[1], endH = inH + kH; inH < endH; ++inH)
        for (auto inW = w * kW - size.padding[2], endW = inW + kW; inW < endW; ++inW, ++element) {
          if (inT < 0 || inT >= size.input[0] || inH < 0 || inH >= size.input[1] || inW < 0 ||
              inW >= size.input[2])
            continue;
          values[count] = input + placeOf(size.input, clip, inT, inH, inW) * size.channels;
          elements[count++] = element;
        }
  }
};

/// Maxima so far of some channels of one window, and the elements that they are.
struct Maxima {
  float values[kBlock];
  std::int32_t elements[kBlock];
};

template <typename Stored>
[[gnu::always_inline]] inline void raiseMaxima(const ChannelNormalization& normalization, std::int64_t first,
                                               std::int64_t count, const Stored* values, std::int32_t element,
                                               Maxima& maxima) {
  const float* C3D_RESTRICT mean = normalization.mean.data() + first;
  const float* C3D_RESTRICT scale = normalization.scale.data() + first;
  const float* C3D_RESTRICT shift = normalization.shift.data() + first;
  for (std::int64_t c = 0; c < count; ++c) {
    const float value = (toFloat(values[c]) - mean[c]) * scale[c] + shift[c];
    const bool more = value > maxima.values[c] || value != value;
    maxima.values[c] = more ? value : maxima.values[c];
    maxima.elements[c] = more ? element : maxima.elements[c];
  }
}

template <typename Stored>
[[gnu::always_inline]] inline void sumWindow(const ChannelNormalization& normalization,
                                             const Window<Stored>& window, const Stored* outputGradient,
                                             const std::uint8_t* winners, float* C3D_RESTRICT gradients,
                                             float* C3D_RESTRICT products) {
  const auto channels = normalization.channels();
  const float* mean = normalization.mean.data();
  for (std::size_t i = 0; i < window.count; ++i) {
    const Stored* values = window.values[i];
    const auto element = window.elements[i];
    for (std::int64_t c = 0; c < channels; ++c) {
      const float whole = toFloat(outputGradient[c]);  // read in any case, which vectors need
      const float g = winners[c] == element ? whole : 0;
      gradients[c] += g;
      products[c] += g * (toFloat(values[c]) - mean[c]);
    }
  }
}

/// Of one place, which is this element of a window.
template <typename Stored>
[[gnu::always_inline]] inline void takeBackPlace(const ChannelNormalization& normalization,
                                                 const NormalizationGradient& gradient, const Stored* from,
                                                 const Stored* outputGradient, const std::uint8_t* winners,
                                                 std::uint8_t element, Stored* to) {
  const auto channels = normalization.channels();
  const float* C3D_RESTRICT mean = normalization.mean.data();
  const float* C3D_RESTRICT scale = normalization.scale.data();
  const float* C3D_RESTRICT tilt = gradient.tilt.data();
  const float* C3D_RESTRICT offset = gradient.offset.data();
  C3D_INDEPENDENT
  for (std::int64_t c = 0; c < channels; ++c) {
    const float whole = toFloat(outputGradient[c]);  // read in any case, which vectors need
    const float g = winners[c] == element ? whole : 0;
    store(to[c], g * scale[c] + (toFloat(from[c]) - mean[c]) * tilt[c] + offset[c]);
  }
}

/// Of one place in no window.
template <typename Stored>
[[gnu::always_inline]] inline void takeBackOutside(const ChannelNormalization& normalization,
                                                   const NormalizationGradient& gradient, const Stored* from,
                                                   Stored* to) {
  for (std::size_t c = 0; c < normalization.mean.size(); ++c)
    store(to[c], (toFloat(from[c]) - normalization.mean[c]) * gradient.tilt[c] + gradient.offset[c]);
}

// One function for each type, because function templates cannot be compiled for several instruction sets.
C3D_VECTORIZED void raise(const ChannelNormalization& normalization, std::int64_t first, std::int64_t count,
                          const float* values, std::int32_t element, Maxima& maxima) {
  raiseMaxima(normalization, first, count, values, element, maxima);
}
C3D_VECTORIZED void raise(const ChannelNormalization& normalization, std::int64_t first, std::int64_t count,
                          const BFloat16* values, std::int32_t element, Maxima& maxima) {
  raiseMaxima(normalization, first, count, values, element, maxima);
}
C3D_VECTORIZED void sum(const ChannelNormalization& normalization, const Window<float>& window,
                        const float* outputGradient, const std::uint8_t* winners, float* gradients,
                        float* products) {
  sumWindow(normalization, window, outputGradient, winners, gradients, products);
}
C3D_VECTORIZED void sum(const ChannelNormalization& normalization, const Window<BFloat16>& window,
                        const BFloat16* outputGradient, const std::uint8_t* winners, float* gradients,
                        float* products) {
  sumWindow(normalization, window, outputGradient, winners, gradients, products);
}
C3D_VECTORIZED void takeBack(const ChannelNormalization& normalization, const NormalizationGradient& gradient,
                             const float* from, const float* outputGradient, const std::uint8_t* winners,
                             std::uint8_t element, float* to) {
  takeBackPlace(normalization, gradient, from, outputGradient, winners, element, to);
}
C3D_VECTORIZED void takeBack(const ChannelNormalization& normalization, const NormalizationGradient& gradient,
                             const BFloat16* from, const BFloat16* outputGradient,
                             const std::uint8_t* winners, std::uint8_t element, BFloat16* to) {
  takeBackPlace(normalization, gradient, from, outputGradient, winners, element, to);
}

template <typename Stored>
void poolWindow(const ChannelNormalization& normalization, const Window<Stored>& window, Stored* output,
                std::uint8_t* winners) {
  const auto channels = normalization.channels();
  Maxima maxima;
  for (std::int64_t first = 0; first < channels; first += kBlock) {
    const auto count = std::min(kBlock, channels - first);
    std::fill_n(maxima.values, count, 0.0F);
    std::fill_n(maxima.elements, count, kNoElement);
    for (std::size_t i = 0; i < window.count; ++i)
      raise(normalization, first, count, window.values[i] + first, window.elements[i], maxima);
    for (std::int64_t c = 0; c < count; ++c) store(output[first + c], maxima.values[c]);
    if (winners == nullptr) continue;
    for (std::int64_t c = 0; c < count; ++c)
      winners[first + c] = static_cast<std::uint8_t>(maxima.elements[c]);
  }
}

/// The gradients of one row of inputs.
template <typename Stored>
void takeBackRow(const PoolSize& size, const ChannelNormalization& normalization,
                 const NormalizationGradient& gradient, const Stored* input, const Stored* outputGradient,
                 const std::uint8_t* winners, Stored* inputGradient, std::int64_t clip, std::int64_t t,
                 std::int64_t h) {
  const WindowPlace placeT(size, 0, t);
  const WindowPlace placeH(size, 1, h);
  const bool outside = placeT.window >= size.output[0] || placeH.window >= size.output[1];
  for (std::int64_t w = 0; w < size.input[2]; ++w) {
    const auto from = placeOf(size.input, clip, t, h, w) * size.channels;
    const WindowPlace placeW(size, 2, w);
    if (outside || placeW.window >= size.output[2]) {
      takeBackOutside(normalization, gradient, input + from, inputGradient + from);
      continue;
    }
    const auto to = placeOf(size.output, clip, placeT.window, placeH.window, placeW.window) * size.channels;
    const auto element = (placeT.element * size.kernel[1] + placeH.element) * size.kernel[2] + placeW.element;
    takeBack(normalization, gradient, input + from, outputGradient + to, winners + to,
             static_cast<std::uint8_t>(element), inputGradient + from);
  }
}

}  // namespace

template <typename Stored>
void normalizedPool(const PoolSize& size, const ChannelNormalization& normalization, const Stored* input,
                    Stored* output, std::uint8_t* winners) {
  const auto [frames, height, width] = size.output;
  parallelFor(size.clips * frames, [&](std::int64_t i) {
    for (std::int64_t h = 0; h < height; ++h)
      for (std::int64_t w = 0; w < width; ++w) {
        const Window<Stored> window(size, input, i / frames, i % frames, h, w);
        const auto to = placeOf(size.output, i / frames, i % frames, h, w) * size.channels;
        poolWindow(normalization, window, output + to, winners == nullptr ? nullptr : winners + to);
      }
  });
}

template <typename Stored>
NormalizationSums normalizedPoolSums(const PoolSize& size, const ChannelNormalization& normalization,
                                     const Stored* input, const Stored* outputGradient,
                                     const std::uint8_t* winners) {
  const auto [frames, height, width] = size.output;
  return sumTasks(size.clips * frames, size.channels, [&](std::int64_t i, TaskSums& sums) {
    for (std::int64_t h = 0; h < height; ++h) {
      for (std::int64_t w = 0; w < width; ++w) {
        const Window<Stored> window(size, input, i / frames, i % frames, h, w);
        const auto at = placeOf(size.output, i / frames, i % frames, h, w) * size.channels;
        sum(normalization, window, outputGradient + at, winners + at, sums.gradients(), sums.products());
      }
      sums.endRun();
    }
  });
}

template <typename Stored>
void normalizedPoolGradient(const PoolSize& size, const ChannelNormalization& normalization,
                            const NormalizationGradient& gradient, const Stored* input,
                            const Stored* outputGradient, const std::uint8_t* winners,
                            Stored* inputGradient) {
  const auto [frames, height, width] = size.input;
  parallelFor(size.clips * frames, [&](std::int64_t i) {
    for (std::int64_t h = 0; h < height; ++h)
      takeBackRow(size, normalization, gradient, input, outputGradient, winners, inputGradient, i / frames,
                  i % frames, h);
  });
}

template void normalizedPool(const PoolSize&, const ChannelNormalization&, const float*, float*,
                             std::uint8_t*);
template void normalizedPool(const PoolSize&, const ChannelNormalization&, const BFloat16*, BFloat16*,
                             std::uint8_t*);
template NormalizationSums normalizedPoolSums(const PoolSize&, const ChannelNormalization&, const float*,
                                              const float*, const std::uint8_t*);
template NormalizationSums normalizedPoolSums(const PoolSize&, const ChannelNormalization&, const BFloat16*,
                                              const BFloat16*, const std::uint8_t*);
template void normalizedPoolGradient(const PoolSize&, const ChannelNormalization&,
                                     const NormalizationGradient&, const float*, const float*,
                                     const std::uint8_t*, float*);
template void normalizedPoolGradient(const PoolSize&, const ChannelNormalization&,
                                     const NormalizationGradient&, const BFloat16*, const BFloat16*,
                                     const std::uint8_t*, BFloat16*);

}  // namespace c3d
