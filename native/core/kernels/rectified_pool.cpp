#include "core/kernels/rectified_pool.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/kernels/cpu_features.h"
#include "core/runtime/parallel.h"

namespace c3d {
namespace {

/// Channels whose maxima are held at a time.
constexpr std::int64_t kBlock = 64;

struct Float32 {
  using Stored = float;
  static float read(Stored value) { return value; }
  static Stored write(float value) { return value; }
};

struct BFloat16 {
  using Stored = std::uint16_t;
  static float read(Stored value) { return std::bit_cast<float>(static_cast<std::uint32_t>(value) << 16); }
  static Stored write(float value) {  // exact: it has been read before
    return static_cast<Stored>(std::bit_cast<std::uint32_t>(value) >> 16);
  }
};

/// Maxima so far of some channels of one window, and the elements that they are.
struct Maxima {
  float values[kBlock];
  std::int32_t elements[kBlock];
};

template <typename Stored, float (*kRead)(Stored)>
inline void raise(Maxima& maxima, const Stored* values, std::int64_t count, std::int32_t element) {
  for (std::int64_t c = 0; c < count; ++c) {
    const float value = kRead(values[c]);
    const bool more = value > maxima.values[c] || value != value;
    maxima.values[c] = more ? value : maxima.values[c];
    maxima.elements[c] = more ? element : maxima.elements[c];
  }
}

// One function for each type, because function templates cannot be compiled for several instruction sets.
C3D_VECTORIZED void raiseFloat32(Maxima& maxima, const float* values, std::int64_t count,
                                 std::int32_t element) {
  raise<float, Float32::read>(maxima, values, count, element);
}
C3D_VECTORIZED void raiseBFloat16(Maxima& maxima, const std::uint16_t* values, std::int64_t count,
                                  std::int32_t element) {
  raise<std::uint16_t, BFloat16::read>(maxima, values, count, element);
}
void raise(Maxima& maxima, const float* values, std::int64_t count, std::int32_t element) {
  raiseFloat32(maxima, values, count, element);
}
void raise(Maxima& maxima, const std::uint16_t* values, std::int64_t count, std::int32_t element) {
  raiseBFloat16(maxima, values, count, element);
}

template <typename Stored>
inline void selectValues(const Stored* gradient, const std::uint8_t* winners, std::int64_t count,
                         std::uint8_t element, Stored* to) {
  for (std::int64_t c = 0; c < count; ++c) to[c] = winners[c] == element ? gradient[c] : Stored(0);
}
C3D_VECTORIZED void select(const float* gradient, const std::uint8_t* winners, std::int64_t count,
                           std::uint8_t element, float* to) {
  selectValues(gradient, winners, count, element, to);
}
C3D_VECTORIZED void select(const std::uint16_t* gradient, const std::uint8_t* winners, std::int64_t count,
                           std::uint8_t element, std::uint16_t* to) {
  selectValues(gradient, winners, count, element, to);
}

template <typename Type>
void poolRow(const PoolSize& size, const typename Type::Stored* input, typename Type::Stored* output,
             std::uint8_t* winners, std::int64_t clip, std::int64_t t, std::int64_t h) {
  const auto [kT, kH, kW] = size.kernel;
  const auto channels = size.channels;
  Maxima maxima;
  for (std::int64_t w = 0; w < size.output[2]; ++w) {
    const auto at = placeOf(size.output, clip, t, h, w) * channels;
    for (std::int64_t first = 0; first < channels; first += kBlock) {
      const auto count = std::min(kBlock, channels - first);
      std::fill_n(maxima.values, kBlock, 0.0F);
      std::fill_n(maxima.elements, kBlock, kNoElement);
      std::int32_t element = 0;
      for (std::int64_t dt = 0; dt < kT; ++dt)
        for (std::int64_t dh = 0; dh < kH; ++dh)
          for (std::int64_t dw = 0; dw < kW; ++dw, ++element) {
            const auto inT = t * kT + dt - size.padding[0];
            const auto inH = h * kH + dh - size.padding[1];
            const auto inW = w * kW + dw - size.padding[2];
            const bool inside = inT >= 0 && inT < size.input[0] && inH >= 0 && inH < size.input[1] &&
                                inW >= 0 && inW < size.input[2];
            if (inside)
              raise(maxima, input + placeOf(size.input, clip, inT, inH, inW) * channels + first, count,
                    element);
          }
      for (std::int64_t c = 0; c < count; ++c) output[at + first + c] = Type::write(maxima.values[c]);
      if (winners == nullptr) continue;
      for (std::int64_t c = 0; c < count; ++c)
        winners[at + first + c] = static_cast<std::uint8_t>(maxima.elements[c]);
    }
  }
}

template <typename Type>
void pool(const PoolSize& size, const void* input, void* output, std::uint8_t* winners) {
  using Stored = typename Type::Stored;
  const auto [frames, height, width] = size.output;
  parallelFor(size.clips * frames, [&](std::int64_t i) {
    for (std::int64_t h = 0; h < height; ++h)
      poolRow<Type>(size, static_cast<const Stored*>(input), static_cast<Stored*>(output), winners,
                    i / frames, i % frames, h);
  });
}

template <typename Stored>
void poolGradientRow(const PoolSize& size, const Stored* gradient, const std::uint8_t* winners,
                     Stored* inputGradient, std::int64_t clip, std::int64_t t, std::int64_t h) {
  const auto channels = size.channels;
  const auto width = size.input[2];
  auto* row = inputGradient + placeOf(size.input, clip, t, h, 0) * channels;
  const WindowPlace placeT(size, 0, t);
  const WindowPlace placeH(size, 1, h);
  if (placeT.window >= size.output[0] || placeH.window >= size.output[1]) {
    std::fill_n(row, width * channels, Stored(0));
    return;
  }
  for (std::int64_t w = 0; w < width; ++w) {
    const WindowPlace placeW(size, 2, w);
    auto* to = row + w * channels;
    if (placeW.window >= size.output[2]) {
      std::fill_n(to, channels, Stored(0));
      continue;
    }
    const auto at = placeOf(size.output, clip, placeT.window, placeH.window, placeW.window) * channels;
    const auto element = (placeT.element * size.kernel[1] + placeH.element) * size.kernel[2] + placeW.element;
    select(gradient + at, winners + at, channels, static_cast<std::uint8_t>(element), to);
  }
}

template <typename Stored>
void poolGradient(const PoolSize& size, const void* outputGradient, const std::uint8_t* winners,
                  void* inputGradient) {
  const auto [frames, height, width] = size.input;
  parallelFor(size.clips * frames, [&](std::int64_t i) {
    for (std::int64_t h = 0; h < height; ++h)
      poolGradientRow(size, static_cast<const Stored*>(outputGradient), winners,
                      static_cast<Stored*>(inputGradient), i / frames, i % frames, h);
  });
}

}  // namespace

void rectifiedPool(const PoolSize& size, PoolType type, const void* input, void* output,
                   std::uint8_t* winners) {
  if (type == PoolType::Float32) return pool<Float32>(size, input, output, winners);
  pool<BFloat16>(size, input, output, winners);
}

void rectifiedPoolGradient(const PoolSize& size, PoolType type, const void* outputGradient,
                           const std::uint8_t* winners, void* inputGradient) {
  if (type == PoolType::Float32) return poolGradient<float>(size, outputGradient, winners, inputGradient);
  poolGradient<std::uint16_t>(size, outputGradient, winners, inputGradient);
}

}  // namespace c3d
