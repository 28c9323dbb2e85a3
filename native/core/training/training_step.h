#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "core/model/c3d.h"
#include "core/runtime/cancellation.h"
#include "core/training/checkpoint.h"
#include "core/training/sgd.h"
#include "core/training/training_config.h"

namespace c3d {

/// What a step is made on.
struct StepClips {
  at::Tensor pixels;              // uint8 [N, T, H, W, 3]
  std::vector<CropPlace> places;  // of the N clips
  at::Tensor targets;             // what they should be answered as, on the CPU; see targetsOf
};

struct StepOutcome {
  double loss = 0;
  double right = 0;  // clips, also parts of them; see countRight, and a mix weighs both of its clips
};

/// The update of the weights by one batch of clips: forward, loss, backward in passes, optimizer. Keeps what
/// outlasts a step: the optimizer's momentum and the state of dropout.
class TrainingStep {
 public:
  /// Of the configuration it takes the recipe of a step: optimizer, loss, mix, passes, seed of dropout and
  /// mix.
  TrainingStep(C3D& model, const TrainingConfig& config);

  /// Makes step `number`, which counts from 1. On an error nothing has changed: throws Error(Aborted),
  /// Error(NonFiniteLoss) before the update that would spoil the weights, and what computing throws.
  StepOutcome run(const StepClips& clips, std::int64_t number, double learningRate,
                  const Cancellation& cancellation);

  /// What a checkpoint holds of it, and of a training that has come to `progress`. Shares the tensors.
  TrainingState state(const TrainingProgress& progress) const;
  /// Takes back what `state` gave.
  void load(const TrainingState& state);

 private:
  C3D& model_;
  LossConfig loss_;
  MixConfig mix_;
  std::uint64_t seed_;
  std::int64_t clipsAPass_;
  Sgd optimizer_;
  at::Generator dropoutGenerator_;
};

}  // namespace c3d
