#include "core/kernels/normalization.h"

#include <algorithm>

#include "core/runtime/parallel.h"

namespace c3d {

TaskSums::TaskSums(std::int64_t channels)
    : channels_(channels),
      run_(static_cast<std::size_t>(2 * channels)),
      sums_(static_cast<std::size_t>(2 * channels)) {}

void TaskSums::endRun() {
  for (std::size_t i = 0; i < sums_.size(); ++i) sums_[i] += static_cast<double>(run_[i]);
  std::ranges::fill(run_, 0.0F);
}

NormalizationSums sumTasks(std::int64_t tasks, std::int64_t channels,
                           const std::function<void(std::int64_t task, TaskSums& sums)>& sum) {
  std::vector<std::vector<double>> parts(static_cast<std::size_t>(tasks));
  parallelFor(tasks, [&](std::int64_t i) {
    TaskSums sums(channels);
    sum(i, sums);
    parts[static_cast<std::size_t>(i)] = sums.sums();
  });
  std::vector<double> total(static_cast<std::size_t>(2 * channels));
  for (const auto& part : parts)
    for (std::size_t i = 0; i < total.size(); ++i) total[i] += part[i];
  return {{total.begin(), total.begin() + channels}, {total.begin() + channels, total.end()}};
}

}  // namespace c3d
