#include "core/kernels/channel_sums.h"

#include <algorithm>
#include <vector>

#include "core/kernels/cpu_features.h"
#include "core/runtime/parallel.h"

namespace c3d {
namespace {

/// Positions that are summed up in float32, and by one task.
constexpr std::int64_t kRun = 64;
constexpr std::int64_t kTask = 64 * kRun;

// One function for each type, because function templates cannot be compiled for several instruction sets.
C3D_VECTORIZED void addTo(float* sums, const float* values, std::int64_t channels) {
  for (std::int64_t c = 0; c < channels; ++c) sums[c] += values[c];
}
C3D_VECTORIZED void addTo(float* sums, const BFloat16* values, std::int64_t channels) {
  for (std::int64_t c = 0; c < channels; ++c) sums[c] += toFloat(values[c]);
}

template <typename Stored>
void sumTask(const Stored* values, std::int64_t positions, std::int64_t channels, double* sums) {
  std::vector<float> run(static_cast<std::size_t>(channels));
  for (std::int64_t first = 0; first < positions; first += kRun) {
    std::ranges::fill(run, 0.0F);
    for (auto p = first; p < std::min(positions, first + kRun); ++p)
      addTo(run.data(), values + p * channels, channels);
    for (std::int64_t c = 0; c < channels; ++c)
      sums[c] += static_cast<double>(run[static_cast<std::size_t>(c)]);
  }
}

}  // namespace

template <typename Stored>
void channelSums(const Stored* values, std::int64_t positions, std::int64_t channels, float* sums) {
  const auto tasks = (positions + kTask - 1) / kTask;
  std::vector<double> parts(static_cast<std::size_t>(tasks * channels));
  parallelFor(tasks, [&](std::int64_t i) {
    sumTask(values + i * kTask * channels, std::min(kTask, positions - i * kTask), channels,
            parts.data() + i * channels);
  });
  for (std::int64_t c = 0; c < channels; ++c) {
    double sum = 0;
    for (std::int64_t i = 0; i < tasks; ++i) sum += parts[static_cast<std::size_t>(i * channels + c)];
    sums[c] = static_cast<float>(sum);
  }
}

template void channelSums(const float*, std::int64_t, std::int64_t, float*);
template void channelSums(const BFloat16*, std::int64_t, std::int64_t, float*);

}  // namespace c3d
