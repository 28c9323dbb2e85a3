#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/evaluation/scorer.h"
#include "core/model/c3d.h"
#include "core/runtime/cancellation.h"
#include "core/training/sgd.h"
#include "core/training/training_config.h"
#include "core/training/training_events.h"

namespace c3d {

struct TrainingResult {
  std::int64_t steps = 0;
  double seconds = 0;
};

/// Trains a model by SGD on clips drawn anew for every epoch, evaluates and saves it after each.
class Trainer {
 public:
  Trainer(C3D& model, ClipData training, std::optional<ClipData> validation, TrainingConfig config,
          std::optional<CheckpointTarget> checkpoint, TrainingEventSink sink);

  /// Runs on the calling thread until done. When cancelled it saves the checkpoint, if there is a target, and
  /// throws Error(Aborted). Throws Error(NonFiniteLoss) before the update that would spoil the weights,
  /// Error(EmptyDataset), and what reading, computing and writing throw.
  TrainingResult run(const Cancellation& cancellation);

 private:
  struct EpochTotals {
    double loss = 0;
    std::int64_t hits = 0;
    std::int64_t clips = 0;
    double seconds = 0;
    double dataWait = 0;  // part of the time after the first batch
  };
  struct StepOutcome {
    double loss = 0;
    std::int64_t hits = 0;
  };

  void runEpoch(std::int64_t epoch, const Cancellation& cancellation);
  EpochTotals trainOneEpoch(std::int64_t epoch, const Cancellation& cancellation);
  StepOutcome step(video::ClipBatch& batch, const Cancellation& cancellation);
  Scores evaluate(std::int64_t epoch, const Cancellation& cancellation);
  video::ClipLoaderOptions loading(std::size_t batchSize) const;
  void tell(const ClipData& data, const std::vector<video::UnreadableClip>& unreadable);
  void tellOfCacheProblem();
  void save(std::int64_t completedEpochs);

  C3D& model_;
  ClipData training_;
  std::optional<ClipData> validation_;
  TrainingConfig config_;
  std::optional<CheckpointTarget> checkpoint_;
  TrainingEventSink sink_;
  Sgd optimizer_;
  at::Generator dropoutGenerator_;
  PlateauState plateau_;
  double learningRate_ = 0;  // of the latest step
  std::int64_t steps_ = 0;
  std::set<std::string> told_;  // paths of unreadable videos
  bool cacheProblemTold_ = false;
};

}  // namespace c3d
