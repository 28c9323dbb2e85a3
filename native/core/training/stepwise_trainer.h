#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>

#include "core/training/training_step.h"

namespace c3d {

struct StepReport {
  std::int64_t step = 0;  // counts from 1
  double loss = 0;
  double accuracy = 0;
  double learningRate = 0;
  bool skipped = false;             // see StepOutcome
  std::optional<double> lossScale;  // likewise
};

/// Training without the loop: the caller brings the clips of each step. The same steps, learning rates and
/// checkpoints as Trainer's, bit for bit. One thread at a time, but for `progress` and `learningRate`.
class StepwiseTrainer {
 public:
  /// `stepsPerEpoch`: what the schedule takes an epoch for.
  StepwiseTrainer(C3D& model, TrainingConfig config, std::int64_t stepsPerEpoch);

  /// `learningRate`: instead of the schedule's. Errors as of TrainingStep::run, and nothing has changed then.
  StepReport step(const StepClips& clips, std::optional<double> learningRate,
                  const Cancellation& cancellation);

  /// For the steps to come, in place of the configuration's.
  void setPrecision(const MixedPrecision& precision) { step_.setPrecision(precision); }

  /// Tells a plateau schedule the loss of one more validation.
  void observeValidation(double loss);

  TrainingProgress progress() const;
  /// What the schedule has for the next step.
  double learningRate() const;

  /// Of the latest step, as they were used; by parameter, on the model's device. Empty before the first step.
  const NamedTensors& gradients() const { return step_.gradients(); }
  NamedTensors momentum() const { return step_.state({}).momentum; }

  /// Throws Error(File).
  void save(const std::filesystem::path& file, const std::string& header) const;
  /// Weights and all else are then as they were when the file was saved. Nothing changes on an error: throws
  /// Error(FileNotFound | File | Weights).
  void restore(const ResumePoint& point);

 private:
  void setProgress(const TrainingProgress& progress);

  C3D& model_;
  const TrainingConfig config_;
  const std::int64_t stepsPerEpoch_;
  TrainingStep step_;
  mutable std::mutex mutex_;  // of progress_, which is asked for while a step is made
  TrainingProgress progress_;
};

}  // namespace c3d
