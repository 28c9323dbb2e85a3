#include "core/kernels/normalized_relu.h"

#include <algorithm>

#include "core/kernels/cpu_features.h"
#include "core/runtime/parallel.h"

namespace c3d {
namespace {

/// Positions that are summed up in float32, and that are one task.
constexpr std::int64_t kRun = 64;
constexpr std::int64_t kTask = 16 * kRun;

/// ChannelNormalization and NormalizationGradient for the loops.
struct Channels {
  std::int64_t count;
  const float *mean, *scale, *shift, *tilt, *offset;

  explicit Channels(const ChannelNormalization& of)
      : count(of.channels()),
        mean(of.mean.data()),
        scale(of.scale.data()),
        shift(of.shift.data()),
        tilt(nullptr),
        offset(nullptr) {}
  Channels(const ChannelNormalization& of, const NormalizationGradient& gradient) : Channels(of) {
    tilt = gradient.tilt.data();
    offset = gradient.offset.data();
  }
};

template <typename Stored>
[[gnu::always_inline]] inline void normalizeValues(const Channels& channels, std::int64_t positions,
                                                   const Stored* from, Stored* to) {
  const float* C3D_RESTRICT mean = channels.mean;
  const float* C3D_RESTRICT scale = channels.scale;
  const float* C3D_RESTRICT shift = channels.shift;
  for (std::int64_t p = 0; p < positions; ++p, from += channels.count, to += channels.count) {
    C3D_INDEPENDENT
    for (std::int64_t c = 0; c < channels.count; ++c) {
      const float normalized = (toFloat(from[c]) - mean[c]) * scale[c] + shift[c];
      store(to[c], normalized <= 0 ? 0 : normalized);
    }
  }
}

template <typename Stored>
[[gnu::always_inline]] inline void sumGradients(const Channels& channels, std::int64_t positions,
                                                const Stored* from, const Stored* outputGradient,
                                                float* C3D_RESTRICT gradients, float* C3D_RESTRICT products) {
  const float* C3D_RESTRICT mean = channels.mean;
  const float* C3D_RESTRICT scale = channels.scale;
  const float* C3D_RESTRICT shift = channels.shift;
  for (std::int64_t p = 0; p < positions; ++p, from += channels.count, outputGradient += channels.count) {
    for (std::int64_t c = 0; c < channels.count; ++c) {
      const float deviation = toFloat(from[c]) - mean[c];
      const float whole = toFloat(outputGradient[c]);  // read in any case, which vectors need
      const float g = deviation * scale[c] + shift[c] <= 0 ? 0 : whole;
      gradients[c] += g;
      products[c] += g * deviation;
    }
  }
}

template <typename Stored>
[[gnu::always_inline]] inline void takeBackValues(const Channels& channels, std::int64_t positions,
                                                  const Stored* from, const Stored* outputGradient,
                                                  Stored* to) {
  const float* C3D_RESTRICT mean = channels.mean;
  const float* C3D_RESTRICT scale = channels.scale;
  const float* C3D_RESTRICT shift = channels.shift;
  const float* C3D_RESTRICT tilt = channels.tilt;
  const float* C3D_RESTRICT offset = channels.offset;
  for (std::int64_t p = 0; p < positions;
       ++p, from += channels.count, outputGradient += channels.count, to += channels.count) {
    C3D_INDEPENDENT
    for (std::int64_t c = 0; c < channels.count; ++c) {
      const float deviation = toFloat(from[c]) - mean[c];
      const float whole = toFloat(outputGradient[c]);  // read in any case, which vectors need
      const float g = deviation * scale[c] + shift[c] <= 0 ? 0 : whole;
      store(to[c], g * scale[c] + deviation * tilt[c] + offset[c]);
    }
  }
}

// One function for each type, because function templates cannot be compiled for several instruction sets.
C3D_VECTORIZED void normalize(const Channels& channels, std::int64_t positions, const float* from,
                              float* to) {
  normalizeValues(channels, positions, from, to);
}
C3D_VECTORIZED void normalize(const Channels& channels, std::int64_t positions, const BFloat16* from,
                              BFloat16* to) {
  normalizeValues(channels, positions, from, to);
}
C3D_VECTORIZED void sum(const Channels& channels, std::int64_t positions, const float* from,
                        const float* outputGradient, float* gradients, float* products) {
  sumGradients(channels, positions, from, outputGradient, gradients, products);
}
C3D_VECTORIZED void sum(const Channels& channels, std::int64_t positions, const BFloat16* from,
                        const BFloat16* outputGradient, float* gradients, float* products) {
  sumGradients(channels, positions, from, outputGradient, gradients, products);
}
C3D_VECTORIZED void takeBack(const Channels& channels, std::int64_t positions, const float* from,
                             const float* outputGradient, float* to) {
  takeBackValues(channels, positions, from, outputGradient, to);
}
C3D_VECTORIZED void takeBack(const Channels& channels, std::int64_t positions, const BFloat16* from,
                             const BFloat16* outputGradient, BFloat16* to) {
  takeBackValues(channels, positions, from, outputGradient, to);
}

/// Calls `compute` for the positions of one task after the other.
template <typename Compute>
void forTasks(std::int64_t positions, const Compute& compute) {
  parallelFor((positions + kTask - 1) / kTask,
              [&](std::int64_t i) { compute(i * kTask, std::min(kTask, positions - i * kTask)); });
}

}  // namespace

template <typename Stored>
void normalizedRelu(std::int64_t positions, const ChannelNormalization& normalization, const Stored* input,
                    Stored* output) {
  const Channels channels(normalization);
  forTasks(positions, [&](std::int64_t first, std::int64_t count) {
    normalize(channels, count, input + first * channels.count, output + first * channels.count);
  });
}

template <typename Stored>
NormalizationSums normalizedReluSums(std::int64_t positions, const ChannelNormalization& normalization,
                                     const Stored* input, const Stored* outputGradient) {
  const Channels channels(normalization);
  const auto tasks = (positions + kTask - 1) / kTask;
  return sumTasks(tasks, channels.count, [&](std::int64_t i, TaskSums& sums) {
    const auto end = std::min(positions, (i + 1) * kTask);
    for (auto first = i * kTask; first < end; first += kRun) {
      sum(channels, std::min(kRun, end - first), input + first * channels.count,
          outputGradient + first * channels.count, sums.gradients(), sums.products());
      sums.endRun();
    }
  });
}

template <typename Stored>
void normalizedReluGradient(std::int64_t positions, const ChannelNormalization& normalization,
                            const NormalizationGradient& gradient, const Stored* input,
                            const Stored* outputGradient, Stored* inputGradient) {
  const Channels channels(normalization, gradient);
  forTasks(positions, [&](std::int64_t first, std::int64_t count) {
    const auto at = first * channels.count;
    takeBack(channels, count, input + at, outputGradient + at, inputGradient + at);
  });
}

template void normalizedRelu(std::int64_t, const ChannelNormalization&, const float*, float*);
template void normalizedRelu(std::int64_t, const ChannelNormalization&, const BFloat16*, BFloat16*);
template NormalizationSums normalizedReluSums(std::int64_t, const ChannelNormalization&, const float*,
                                              const float*);
template NormalizationSums normalizedReluSums(std::int64_t, const ChannelNormalization&, const BFloat16*,
                                              const BFloat16*);
template void normalizedReluGradient(std::int64_t, const ChannelNormalization&, const NormalizationGradient&,
                                     const float*, const float*, float*);
template void normalizedReluGradient(std::int64_t, const ChannelNormalization&, const NormalizationGradient&,
                                     const BFloat16*, const BFloat16*, BFloat16*);

}  // namespace c3d
