#include "core/kernels/channel_moments.h"

#include <algorithm>

#include "core/kernels/cpu_features.h"
#include "core/runtime/parallel.h"

namespace c3d {
namespace {

/// Positions that are summed up in float32, and by one task.
constexpr std::int64_t kRun = 64;
constexpr std::int64_t kTask = 64 * kRun;

/// Sums of the deviations from `shift`, and of their squares.
struct Deviations {
  std::vector<float> shift, sums, squares;

  explicit Deviations(std::int64_t channels)
      : shift(static_cast<std::size_t>(channels)), sums(shift), squares(shift) {}
};

template <typename Stored>
[[gnu::always_inline]] inline void sumUp(const Stored* values, std::int64_t positions, std::int64_t channels,
                                         const float* C3D_RESTRICT shift, float* C3D_RESTRICT sums,
                                         float* C3D_RESTRICT squares) {
  for (std::int64_t p = 0; p < positions; ++p, values += channels) {
    for (std::int64_t c = 0; c < channels; ++c) {
      const float deviation = toFloat(values[c]) - shift[c];
      sums[c] += deviation;
      squares[c] += deviation * deviation;
    }
  }
}

// One function for each type, because function templates cannot be compiled for several instruction sets.
C3D_VECTORIZED void sum(const float* values, std::int64_t positions, std::int64_t channels,
                        const float* shift, float* sums, float* squares) {
  sumUp(values, positions, channels, shift, sums, squares);
}
C3D_VECTORIZED void sum(const BFloat16* values, std::int64_t positions, std::int64_t channels,
                        const float* shift, float* sums, float* squares) {
  sumUp(values, positions, channels, shift, sums, squares);
}

template <typename Stored>
void sumRun(const Stored* values, std::int64_t positions, Deviations& run) {
  std::ranges::fill(run.sums, 0.0F);
  std::ranges::fill(run.squares, 0.0F);
  sum(values, positions, static_cast<std::int64_t>(run.shift.size()), run.shift.data(), run.sums.data(),
      run.squares.data());
}

/// What is known of one channel.
struct Moments {
  double count, mean, squares;
};

Moments merged(const Moments& a, const Moments& b) {
  const double count = a.count + b.count;
  const double difference = b.mean - a.mean;
  return {count, a.mean + difference * (b.count / count),
          a.squares + b.squares + difference * difference * (a.count * b.count / count)};
}

Moments momentsOf(const Deviations& run, std::size_t channel, double count) {
  const double sum = static_cast<double>(run.sums[channel]);
  return {count, static_cast<double>(run.shift[channel]) + sum / count,
          std::max(0.0, static_cast<double>(run.squares[channel]) - sum * sum / count)};
}

template <typename Stored>
void sumTask(const Stored* values, std::int64_t positions, std::int64_t channels, Moments* moments) {
  Deviations run(channels);
  // The first run is summed up twice: before the second time its mean is known, but for rounding.
  const auto begin = std::min(kRun, positions);
  sumRun(values, begin, run);
  for (std::size_t c = 0; c < run.shift.size(); ++c) run.shift[c] = run.sums[c] / static_cast<float>(begin);
  for (std::int64_t first = 0; first < positions; first += kRun) {
    const auto count = std::min(kRun, positions - first);
    sumRun(values + first * channels, count, run);
    for (std::size_t c = 0; c < run.shift.size(); ++c) {
      const auto of = momentsOf(run, c, static_cast<double>(count));
      moments[c] = first == 0 ? of : merged(moments[c], of);
      run.shift[c] = static_cast<float>(moments[c].mean);
    }
  }
}

}  // namespace

template <typename Stored>
ChannelMoments channelMoments(const Stored* values, std::int64_t positions, std::int64_t channels) {
  const auto tasks = (positions + kTask - 1) / kTask;
  std::vector<Moments> parts(static_cast<std::size_t>(tasks * channels));
  parallelFor(tasks, [&](std::int64_t i) {
    sumTask(values + i * kTask * channels, std::min(kTask, positions - i * kTask), channels,
            parts.data() + i * channels);
  });
  ChannelMoments moments;
  for (std::int64_t c = 0; c < channels; ++c) {
    auto of = parts[static_cast<std::size_t>(c)];
    for (std::int64_t i = 1; i < tasks; ++i)
      of = merged(of, parts[static_cast<std::size_t>(i * channels + c)]);
    moments.mean.push_back(of.mean);
    moments.squares.push_back(of.squares);
  }
  return moments;
}

template ChannelMoments channelMoments(const float*, std::int64_t, std::int64_t);
template ChannelMoments channelMoments(const BFloat16*, std::int64_t, std::int64_t);

}  // namespace c3d
