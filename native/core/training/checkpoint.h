#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <vector>

#include "core/model/c3d.h"
#include "core/training/loss_scale.h"
#include "core/training/schedule.h"
#include "core/weights/tensor_file.h"

namespace c3d {

/// Sums over the part of an epoch that is trained. Times in seconds.
struct EpochTotals {
  double loss = 0;
  double right = 0;  // clips, also parts of them
  std::int64_t clips = 0;
  double seconds = 0;
  double firstWait = 0;   // for the first batch
  double laterWaits = 0;  // for all others
};

/// The best evaluation so far; epoch 0: none. Equal scores: the lower loss is better.
struct BestScore {
  std::int64_t epoch = 0;
  double score = 0;  // the accuracy of clips; for multi-label data the mean average precision
  double loss = 0;
};

struct LowestLoss {
  std::int64_t epoch = 0;  // 0: none
  double loss = 0;
};

/// How far a training is, to the step.
struct TrainingProgress {
  std::int64_t epoch = 1;    // under way, counts from 1
  std::int64_t batches = 0;  // of the epoch's clips that are trained or left out
  std::int64_t steps = 0;    // in all epochs
  double learningRate = 0;   // of the latest step
  EpochTotals totals;
  BestScore best;
  LowestLoss lowestLoss;
  PlateauState plateau;
};

/// Everything but the weights that decides how a training goes on.
struct TrainingState {
  TrainingProgress progress;
  at::Generator dropoutGenerator;
  NamedTensors momentum;  // by parameter key; empty before the first step
  LossScaleState lossScale;
};

/// A generator of the run's own, for dropout.
at::Generator makeGenerator(const at::Device& device, std::uint64_t seed);

/// What a checkpoint holds beside the model's state dict, in file order: the same names, types and shapes for
/// every training of this model.
NamedTensors stateTensors(const C3D& model, const TrainingState& state);

/// Writes the model's state dict, then the state tensors. Throws Error(File).
void writeCheckpoint(const std::filesystem::path& file, const std::string& header, const C3D& model,
                     const TrainingState& state);

/// Reads both back. `locations` must name every tensor of the two. Nothing changes on an error: throws
/// Error(FileNotFound | File | Weights).
TrainingState readCheckpoint(const std::filesystem::path& file, const std::vector<TensorLocation>& locations,
                             const C3D& model);

}  // namespace c3d
