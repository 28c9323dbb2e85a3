#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/model/precision.h"
#include "core/training/loss.h"
#include "core/training/loss_scale.h"
#include "core/training/mix.h"
#include "core/training/schedule.h"
#include "core/video/clip_loader.h"
#include "core/video/clip_sampler.h"
#include "core/weights/tensor_file.h"

namespace c3d {

/// Where the learning rate enters the momentum; see Sgd.
enum class SgdForm { PyTorch, Caffe };

struct OptimizerConfig {
  SgdForm form = SgdForm::PyTorch;
  double learningRate = 0;
  double momentum = 0;
  double weightDecay = 0;
  bool nesterov = false;
  double maxGradientNorm = 0;  // 0: any
  // Factors of the learning rate and of the weight decay.
  double biasRate = 1;  // biases of convolutions and linear layers
  double biasDecay = 1;
  double normDecay = 1;                      // weights and biases of batch norm
  std::map<std::string, double> layerRates;  // by layer, its batch norm included; 0 freezes it
};

struct EvaluationConfig {
  std::size_t batchSize = 0;
  video::SamplingOptions sampling;
};

/// Which score of the validation set must improve: the one that the best model is chosen by, or the loss.
enum class EarlyStoppingMetric { BestModel, Loss };

/// The training ends when the score has not improved for `patience` epochs; 0: never.
struct EarlyStopping {
  std::int64_t patience = 0;
  EarlyStoppingMetric metric = EarlyStoppingMetric::BestModel;
};

/// Everything is set by the caller; nothing here is a default to rely on.
struct TrainingConfig {
  std::int64_t epochs = 0;
  std::size_t batchSize = 0;  // clips a step
  std::size_t passes = 1;     // that the clips of a step are computed in
  std::uint64_t seed = 0;     // of sampling, augmentation and dropout
  OptimizerConfig optimizer;
  LossConfig loss;
  MixedPrecision precision;  // of training and evaluation
  std::optional<LossScaleConfig> lossScale;
  MixConfig mix;
  Schedule schedule;
  video::ClipLayout layout;
  video::SamplingOptions sampling;
  EvaluationConfig evaluation;
  /// Of training and evaluation, which have batch sizes of their own.
  int loaderThreads = 1;
  std::size_t prefetch = 2;  // batches
  bool skipUnreadable = false;
  std::shared_ptr<video::FrameCache> cache;  // may be null
  // Limits; 0: none.
  std::int64_t maxSteps = 0;  // in all
  double maxSeconds = 0;      // of this call
  EarlyStopping earlyStopping;
  // Checkpoints within an epoch; 0: none.
  std::int64_t checkpointSteps = 0;
  double checkpointSeconds = 0;
  std::int64_t keepEpochs = 0;  // the model is kept under its epoch's name after every so many; 0: never
};

/// Where a training keeps itself. Each file comes with its safetensors header.
struct RunFiles {
  std::filesystem::path checkpoint;  // weights and state: at the start, after every epoch, and when stopped
  std::string checkpointHeader;
  std::filesystem::path metrics;     // a line for every epoch and evaluation, before their checkpoint
  std::filesystem::path events;      // folder of TensorBoard's event files; empty: none are written
  std::filesystem::path best;        // weights of the best evaluation
  std::filesystem::path keptPrefix;  // of <prefix><epoch>.safetensors, the models that are kept
  std::filesystem::path model;       // weights at the end and when stopped
  std::string modelHeader;           // of all of them
};

/// A checkpoint to go on from.
struct ResumePoint {
  std::filesystem::path file;
  std::vector<TensorLocation> tensors;
};

}  // namespace c3d
