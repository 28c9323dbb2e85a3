#include "core/training/stepwise_trainer.h"

#include <utility>

namespace c3d {

StepwiseTrainer::StepwiseTrainer(C3D& model, TrainingConfig config, std::int64_t stepsPerEpoch)
    : model_(model), config_(std::move(config)), stepsPerEpoch_(stepsPerEpoch), step_(model, config_) {}

StepReport StepwiseTrainer::step(const StepClips& clips, std::optional<double> learningRate,
                                 const Cancellation& cancellation) {
  auto next = progress();
  next.learningRate = learningRate ? *learningRate : scheduledRate(config_, next, stepsPerEpoch_);
  ++next.steps;
  const auto outcome = step_.run(clips, next.steps, next.learningRate, cancellation);
  next.epoch = 1 + next.steps / stepsPerEpoch_;
  next.batches = next.steps % stepsPerEpoch_;
  setProgress(next);
  const auto size = static_cast<double>(clips.clips.size(0));
  return {next.steps,        outcome.loss,    outcome.right / size,
          next.learningRate, outcome.skipped, outcome.lossScale};
}

void StepwiseTrainer::observeValidation(double loss) {
  const std::lock_guard lock(mutex_);
  c3d::observeValidation(config_.schedule, loss, progress_.plateau);
}

TrainingProgress StepwiseTrainer::progress() const {
  const std::lock_guard lock(mutex_);
  return progress_;
}

double StepwiseTrainer::learningRate() const {
  return scheduledRate(config_, progress(), stepsPerEpoch_);
}

void StepwiseTrainer::save(const std::filesystem::path& file, const std::string& header) const {
  const std::lock_guard lock(model_.mutex());
  writeCheckpoint(file, header, model_, step_.state(progress()));
}

void StepwiseTrainer::restore(const ResumePoint& point) {
  const std::lock_guard lock(model_.mutex());
  const auto state = readCheckpoint(point.file, point.tensors, model_);
  step_.load(state);
  setProgress(state.progress);
}

void StepwiseTrainer::setProgress(const TrainingProgress& progress) {
  const std::lock_guard lock(mutex_);
  progress_ = progress;
}

}  // namespace c3d
