#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace c3d {

/// How the values of each channel are normalized: (value - mean) * scale + shift.
struct ChannelNormalization {
  std::vector<float> mean, scale, shift;

  std::int64_t channels() const { return static_cast<std::int64_t>(mean.size()); }
};

/// The gradient of a value in batch normalization, where g is that of its normalized value:
/// scale * g + tilt * (value - mean) + offset, with ChannelNormalization's scale and mean.
struct NormalizationGradient {
  std::vector<float> tilt, offset;
};

/// Of each channel: sums over all values of g, as above, and of g * (value - mean).
struct NormalizationSums {
  std::vector<double> gradients, products;
};

/// What one task adds to NormalizationSums: in float32 for a run of some dozen positions, then in double.
class TaskSums {
 public:
  explicit TaskSums(std::int64_t channels);

  /// Of the run, [channels].
  float* gradients() { return run_.data(); }
  float* products() { return run_.data() + channels_; }
  /// Begins the next run.
  void endRun();

  /// Sums of g, then of the products.
  const std::vector<double>& sums() const { return sums_; }

 private:
  std::int64_t channels_;
  std::vector<float> run_;
  std::vector<double> sums_;
};

/// What the tasks from 0 to tasks - 1 add, in the same order whatever the number of threads.
NormalizationSums sumTasks(std::int64_t tasks, std::int64_t channels,
                           const std::function<void(std::int64_t task, TaskSums& sums)>& sum);

}  // namespace c3d
