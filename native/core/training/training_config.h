#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "core/training/schedule.h"
#include "core/video/clip_loader.h"
#include "core/video/clip_sampler.h"

namespace c3d {

/// SGD with momentum as PyTorch does it: v = momentum * v + (g + weightDecay * w), w -= learningRate * v.
struct OptimizerConfig {
  double learningRate = 0;
  double momentum = 0;
  double weightDecay = 0;
  bool nesterov = false;
};

struct EvaluationConfig {
  std::size_t batchSize = 0;
  video::SamplingOptions sampling;
};

/// Everything is set by the caller; nothing here is a default to rely on.
struct TrainingConfig {
  std::int64_t epochs = 0;
  std::size_t batchSize = 0;  // clips a step
  std::uint64_t seed = 0;     // of sampling, augmentation and dropout
  OptimizerConfig optimizer;
  Schedule schedule;
  video::ClipLayout layout;
  video::SamplingOptions sampling;
  EvaluationConfig evaluation;
  /// Of training and evaluation, which have batch sizes of their own.
  int loaderThreads = 1;
  std::size_t prefetch = 2;  // batches
  bool skipUnreadable = false;
  std::shared_ptr<video::FrameCache> cache;  // may be null
};

/// Where the weights go after every epoch and when the training is stopped.
struct CheckpointTarget {
  std::filesystem::path file;
  std::string header;  // of the safetensors file
};

}  // namespace c3d
