#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "core/model/c3d.h"
#include "core/runtime/cancellation.h"
#include "core/training/checkpoint.h"
#include "core/training/loss_scale.h"
#include "core/training/sgd.h"
#include "core/training/training_config.h"

namespace c3d {

/// What a step is made on.
struct StepClips {
  at::Tensor clips;               // uint8 pixels [N, T, H, W, 3], or float32 network input [N, 3, T, H, W]
  std::vector<CropPlace> places;  // of the N clips where they are pixels
  at::Tensor targets;             // what they should be answered as, on the CPU; see targetsOf
};

struct StepOutcome {
  double loss = 0;
  double right = 0;      // clips, also parts of them; see countRight, and a mix weighs both of its clips
  bool skipped = false;  // the gradients were not finite: the weights stay, the loss scale falls
  std::optional<double> lossScale;  // that the step was computed with
};

/// The update of the weights by one batch of clips: forward, loss, backward in passes, optimizer. Keeps what
/// outlasts a step: the gradients, the optimizer's momentum and the state of dropout.
class TrainingStep {
 public:
  /// Of the configuration it takes the recipe of a step: optimizer, loss, mix, precision, passes, seed of
  /// dropout and mix.
  TrainingStep(C3D& model, const TrainingConfig& config);

  /// Makes step `number`, which counts from 1. On an error nothing has changed: throws Error(Aborted),
  /// Error(NonFiniteLoss) before the update that would spoil the weights, and what computing throws.
  StepOutcome run(const StepClips& step, std::int64_t number, double learningRate,
                  const Cancellation& cancellation);

  /// Of every parameter that is trained, as the latest step used them (limited where their norm was too
  /// large). Empty before the first step, and after one that failed.
  const NamedTensors& gradients() const { return gradients_; }

  /// For the steps to come, in place of the configuration's.
  void setPrecision(const MixedPrecision& precision) { precision_ = precision; }

  /// What a checkpoint holds of it, and of a training that has come to `progress`. Shares the tensors.
  TrainingState state(const TrainingProgress& progress) const;
  /// Takes back what `state` gave.
  void load(const TrainingState& state);

 private:
  StepOutcome compute(const StepClips& step, std::int64_t number, double learningRate,
                      const Cancellation& cancellation);

  C3D& model_;
  LossConfig loss_;
  MixConfig mix_;
  std::uint64_t seed_;
  std::int64_t clipsAPass_;
  MixedPrecision precision_;
  LossScaler scaler_;
  Sgd optimizer_;
  at::Generator dropoutGenerator_;
  /// Not kept at the parameters, where another one's backward pass would add to them.
  NamedTensors gradients_;
};

/// The learning rate that the schedule has for the step behind `progress`.
double scheduledRate(const TrainingConfig& config, const TrainingProgress& progress,
                     std::int64_t stepsPerEpoch);

}  // namespace c3d
