#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/evaluation/scores.h"

namespace c3d {

/// One optimizer update. `epoch`, `step` and `stepInEpoch` count from 1.
struct StepEvent {
  std::int64_t step = 0;
  std::int64_t epoch = 0;
  std::int64_t epochs = 0;  // in all
  std::int64_t stepInEpoch = 0;
  std::int64_t stepsInEpoch = 0;
  double loss = 0;      // of the batch, dropout on
  double accuracy = 0;  // part of the batch's clips; see countRight, and a mix weighs both of its clips
  double learningRate = 0;
  double clipsPerSecond = 0;
  double dataWait = 0;              // part of the step's time spent waiting for clips
  bool skipped = false;             // gradients that were not finite: the weights stay, the loss scale falls
  std::optional<double> lossScale;  // that the step was computed with
};

/// A video of which a clip could not be read and was left out. Once a video and run.
struct UnreadableEvent {
  std::string path;
  std::string reason;
};

/// Something that slows the training down but does not stop it.
struct WarningEvent {
  std::string message;
};

/// Classes none of whose clips in this epoch could be read, by number. Once a class and run.
struct UntrainedClassesEvent {
  std::vector<std::int64_t> classes;
};

/// Clips evaluated so far.
struct EvaluationProgressEvent {
  std::int64_t epoch = 0;
  std::size_t done = 0;
  std::size_t total = 0;
};

struct EvaluationEvent {
  std::int64_t epoch = 0;
  double seconds = 0;
  Scores scores;
};

struct CheckpointEvent {
  std::int64_t epoch = 0;  // epochs completed
  std::int64_t step = 0;   // updates in all
  std::filesystem::path file;
};

/// Means over the epoch's clips. Comes after the epoch's evaluation, before its checkpoint.
struct EpochEvent {
  std::int64_t epoch = 0;
  std::int64_t epochs = 0;
  double loss = 0;
  double accuracy = 0;
  double learningRate = 0;  // of the last step
  std::int64_t clips = 0;
  double seconds = 0;  // training alone
  double clipsPerSecond = 0;
  double dataWait = 0;  // part of the time after the first batch that was spent waiting for clips
  std::optional<Scores> validation;
};

using TrainingEvent = std::variant<StepEvent, UnreadableEvent, WarningEvent, UntrainedClassesEvent,
                                   EvaluationProgressEvent, EvaluationEvent, CheckpointEvent, EpochEvent>;

/// Called on the training thread.
using TrainingEventSink = std::function<void(const TrainingEvent&)>;

}  // namespace c3d
