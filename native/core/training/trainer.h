#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/evaluation/scorer.h"
#include "core/model/c3d.h"
#include "core/runtime/cancellation.h"
#include "core/runtime/stopwatch.h"
#include "core/training/checkpoint.h"
#include "core/training/event_file.h"
#include "core/training/training_config.h"
#include "core/training/training_events.h"
#include "core/training/training_step.h"

namespace c3d {

enum class EndReason {
  Finished,  // all epochs are done
  EarlyStopping,
  MaxSteps,
  MaxTime
};

struct TrainingResult {
  EndReason reason = EndReason::Finished;
  std::int64_t epochs = 0;            // complete ones, since the start of the training
  std::int64_t steps = 0;             // since the start of the training
  double seconds = 0;                 // of this call
  std::int64_t peakDeviceMemory = 0;  // bytes of a CUDA device; 0 on the CPU
};

/// Trains a model by SGD on clips drawn anew for every epoch, and evaluates it after each. With files it
/// keeps a checkpoint, from which another trainer goes on bit for bit: at the start, after every epoch, as
/// often between as the configuration says, and where it is stopped.
class Trainer {
 public:
  Trainer(C3D& model, ClipData training, std::optional<ClipData> validation, TrainingConfig config,
          std::optional<RunFiles> files, TrainingEventSink sink);
  /// Gives the memory that the activations took back to the system.
  ~Trainer();
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  /// Goes on from a checkpoint of a training of the same configuration on the same data, before `run`.
  /// Nothing changes on an error: throws Error(FileNotFound | File | Weights).
  void resume(const ResumePoint& point);

  /// Runs on the calling thread until done. When cancelled it saves the checkpoint and the model as they are
  /// after the last complete step, and throws Error(Aborted). Throws Error(NonFiniteLoss) before the update
  /// that would spoil the weights, Error(OutOfMemory), Error(EmptyDataset), and what reading, computing and
  /// writing throw.
  TrainingResult run(const Cancellation& cancellation);

 private:
  std::optional<EndReason> runEpoch(const Cancellation& cancellation);
  std::optional<EndReason> trainOneEpoch(const Cancellation& cancellation);
  void trainOn(video::ClipBatch& batch, std::int64_t stepsInEpoch, double waited, const Stopwatch& stepWatch,
               const Cancellation& cancellation);
  std::string keptCheckpoint() const;  // a sentence for errors
  [[noreturn]] void failOutOfMemory(const std::exception& error);
  /// Tells classes of these clips that none was trained of. Throws Error(EmptyDataset) where at most one
  /// class is left.
  void requireTrained(const std::set<std::int64_t>& wanted, const std::set<std::int64_t>& trained);
  EvaluationEvent evaluate(std::int64_t epoch, const Cancellation& cancellation);
  /// Remembers the best ones and keeps their weights.
  void noteScores(const Scores& scores);
  /// What is done with the event file: one that cannot be written to is told once and left alone.
  template <typename Action>
  void withEvents(const Action& action);
  void openEvents();
  template <typename Event>
  void record(const Event& event);
  bool earlyStoppingIsDue() const;
  std::optional<EndReason> limitReached() const;
  video::ClipLoaderOptions loading(std::size_t batchSize) const;
  void tell(const ClipData& data, const std::vector<video::UnreadableClip>& unreadable);
  void tellOfCacheProblem();
  bool checkpointIsDue() const;
  void writeCheckpoint();
  void saveCheckpoint();  // and tells
  void keepModel();       // of this epoch, where it is one to keep
  void saveModel();

  C3D& model_;
  ClipData training_;
  std::optional<ClipData> validation_;
  TrainingConfig config_;
  std::optional<RunFiles> files_;
  TrainingEventSink sink_;
  std::optional<EventFile> events_;
  TrainingStep step_;
  TrainingProgress progress_;
  bool resumed_ = false;
  Stopwatch runWatch_;
  Stopwatch sinceCheckpoint_;
  std::set<std::string> told_;            // paths of unreadable videos
  std::set<std::int64_t> untrainedTold_;  // classes
  bool cacheProblemTold_ = false;
};

}  // namespace c3d
