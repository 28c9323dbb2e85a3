#include "core/training/trainer.h"

#include <algorithm>
#include <mutex>
#include <string>

#include "core/evaluation/multi_label_scores.h"
#include "core/runtime/cpu_memory.h"
#include "core/runtime/memory.h"
#include "core/training/metrics_file.h"
#include "core/training/targets.h"
#include "core/weights/tensor_file.h"

namespace c3d {
namespace {

/// Adds the classes of these clips.
void noteClasses(const std::vector<video::ClipSpec>& clips, const ClipData& data,
                 std::set<std::int64_t>& classes) {
  for (const auto& clip : clips) {
    if (data.classes.empty())
      classes.insert(clip.label);
    else
      for (const auto number : data.classes[static_cast<std::size_t>(clip.item)]) classes.insert(number);
  }
}

/// The score that models are compared by.
double rankingScore(const Scores& scores) {
  return scores.multiLabel ? scores.multiLabel->meanAveragePrecision : scores.clipTop1;
}

/// LibTorch puts the stack below it.
std::string firstLineOf(const std::string& message) {
  return message.substr(0, message.find('\n'));
}

bool isBetter(const Scores& scores, const BestScore& best) {
  const auto score = rankingScore(scores);
  if (best.epoch == 0 || score > best.score) return true;
  return score == best.score && scores.loss < best.loss;
}

}  // namespace

Trainer::Trainer(C3D& model, ClipData training, std::optional<ClipData> validation, TrainingConfig config,
                 std::optional<RunFiles> files, TrainingEventSink sink)
    : model_(model),
      training_(std::move(training)),
      validation_(std::move(validation)),
      config_(std::move(config)),
      files_(std::move(files)),
      sink_(std::move(sink)),
      step_(model, config_) {}

Trainer::~Trainer() {
  cpu_memory::release();
}

void Trainer::resume(const ResumePoint& point) {
  const std::lock_guard lock(model_.mutex());
  const auto state = readCheckpoint(point.file, point.tensors, model_);
  step_.load(state);
  progress_ = state.progress;
  resumed_ = true;
}

TrainingResult Trainer::run(const Cancellation& cancellation) {
  const Stopwatch watch;
  resetPeakMemory(model_.device());
  try {
    openEvents();
    // A folder that cannot be written to is told before the work, and every later moment can be resumed.
    if (!resumed_) writeCheckpoint();
    auto reason = earlyStoppingIsDue() ? std::optional(EndReason::EarlyStopping) : std::nullopt;
    while (!reason && progress_.epoch <= config_.epochs) reason = runEpoch(cancellation);
    saveModel();
    return {reason.value_or(EndReason::Finished), progress_.epoch - 1, progress_.steps, watch.seconds(),
            peakMemory(model_.device())};
  } catch (const Error& error) {
    if (error.code() == ErrorCode::Aborted) {
      saveCheckpoint();
      saveModel();
    }
    if (error.code() == ErrorCode::NonFiniteLoss)
      throw Error(ErrorCode::NonFiniteLoss, error.what() + keptCheckpoint());
    throw;
  } catch (const std::exception& error) {
    if (isOutOfMemory(error)) failOutOfMemory(error);
    throw;
  }
}

std::optional<EndReason> Trainer::runEpoch(const Cancellation& cancellation) {
  const auto epoch = progress_.epoch;
  if (const auto reason = trainOneEpoch(cancellation)) {
    saveCheckpoint();
    return reason;
  }
  std::optional<EvaluationEvent> evaluation;
  if (validation_) {
    evaluation = evaluate(epoch, cancellation);
    noteScores(evaluation->scores);
  }
  const auto totals = progress_.totals;
  const auto clips = static_cast<double>(totals.clips);
  const EpochEvent event{epoch,
                         config_.epochs,
                         totals.loss / clips,
                         totals.right / clips,
                         progress_.learningRate,
                         totals.clips,
                         totals.seconds,
                         clips / totals.seconds,
                         totals.laterWaits / (totals.seconds - totals.firstWait),
                         evaluation ? std::optional(evaluation->scores) : std::nullopt};
  if (files_) appendMetrics(files_->metrics, evaluation, event);
  record(event);
  sink_(event);
  keepModel();
  ++progress_.epoch;
  progress_.batches = 0;
  progress_.totals = {};
  saveCheckpoint();
  tellOfCacheProblem();
  return earlyStoppingIsDue() ? EndReason::EarlyStopping : limitReached();
}

std::optional<EndReason> Trainer::trainOneEpoch(const Cancellation& cancellation) {
  auto clips = video::sampleClips(*training_.videos, training_.items, config_.layout, config_.sampling,
                                  config_.seed, static_cast<std::uint64_t>(progress_.epoch));
  if (clips.empty()) throw Error(ErrorCode::EmptyDataset, "There is no clip to train on.");
  const auto batchSize = config_.batchSize;
  const auto stepsInEpoch = static_cast<std::int64_t>((clips.size() + batchSize - 1) / batchSize);
  const auto done = std::min(clips.size(), static_cast<std::size_t>(progress_.batches) * batchSize);
  clips.erase(clips.begin(), clips.begin() + static_cast<std::ptrdiff_t>(done));
  std::set<std::int64_t> wantedClasses;
  std::set<std::int64_t> trainedClasses;
  // Of an epoch that is resumed in its midst only a part is seen.
  if (done == 0) noteClasses(clips, training_, wantedClasses);
  video::ClipLoader loader(training_.videos, std::move(clips), config_.layout, loading(batchSize));

  const std::stop_callback stopLoader(cancellation.token(), [&loader] { loader.cancel(); });

  auto& totals = progress_.totals;
  for (bool isFirst = true;; isFirst = false) {
    if (progress_.batches < stepsInEpoch)
      if (const auto reason = limitReached()) return reason;
    const Stopwatch stepWatch;
    auto batch = loader.next();
    if (!batch) break;
    const auto waited = stepWatch.seconds();
    cancellation.throwIfRequested();
    tell(training_, batch->unreadable);
    noteClasses(batch->clips, training_, trainedClasses);
    if (!batch->clips.empty()) trainOn(*batch, stepsInEpoch, waited, stepWatch, cancellation);
    (isFirst ? totals.firstWait : totals.laterWaits) += waited;
    totals.seconds += stepWatch.seconds();
    ++progress_.batches;
    if (checkpointIsDue()) saveCheckpoint();
    loader.recycle(std::move(*batch));
  }
  if (totals.clips == 0)
    throw Error(ErrorCode::EmptyDataset, "None of the training set's videos can be read any more.");
  requireTrained(wantedClasses, trainedClasses);
  return std::nullopt;
}

void Trainer::trainOn(video::ClipBatch& batch, std::int64_t stepsInEpoch, double waited,
                      const Stopwatch& stepWatch, const Cancellation& cancellation) {
  progress_.learningRate = scheduledRate(config_, progress_, stepsInEpoch);
  const auto outcome = step_.run({pixelsOf(batch, config_.layout), placesOf(batch),
                                  targetsOf(config_.loss.type, batch.clips, training_, model_.classes())},
                                 progress_.steps + 1, progress_.learningRate, cancellation);
  ++progress_.steps;

  const auto size = static_cast<double>(batch.clips.size());
  const auto seconds = stepWatch.seconds();
  auto& totals = progress_.totals;
  totals.loss += outcome.loss * size;
  totals.right += outcome.right;
  totals.clips += static_cast<std::int64_t>(batch.clips.size());
  const StepEvent event{progress_.steps, progress_.epoch,  config_.epochs,       progress_.batches + 1,
                        stepsInEpoch,    outcome.loss,     outcome.right / size, progress_.learningRate,
                        size / seconds,  waited / seconds, outcome.skipped,      outcome.lossScale};
  record(event);
  sink_(event);
}

void Trainer::requireTrained(const std::set<std::int64_t>& wanted, const std::set<std::int64_t>& trained) {
  UntrainedClassesEvent event;
  for (const auto number : wanted)
    if (!trained.contains(number) && untrainedTold_.insert(number).second) event.classes.push_back(number);
  if (!event.classes.empty()) sink_(event);
  const auto needsTwo = config_.loss.type == LossType::CrossEntropy;
  if (needsTwo && wanted.size() > 1 && trained.size() < 2)
    throw Error(ErrorCode::EmptyDataset,
                "Clips of one class alone can be read any more, so that there is nothing to learn. See which "
                "videos were left out, and mend or replace them.");
}

EvaluationEvent Trainer::evaluate(std::int64_t epoch, const Cancellation& cancellation) {
  const Stopwatch watch;
  const auto isMultiLabel = config_.loss.type == LossType::BinaryCrossEntropy;
  ScoreAccumulator oneLabel;
  MultiLabelAccumulator multiLabel(validation_->classes, model_.classes());
  scoreClips(
      model_, config_.precision, *validation_, config_.layout, config_.evaluation.sampling,
      loading(config_.evaluation.batchSize), /*readout=*/{}, cancellation,
      [&](const auto& clips, const at::Tensor& logits, std::size_t done, std::size_t total) {
        if (isMultiLabel)
          multiLabel.add(clips, logits);
        else
          oneLabel.add(clips, logits);
        sink_(EvaluationProgressEvent{epoch, done, total});
      },
      [&](const auto& unreadable) { tell(*validation_, unreadable); });
  const EvaluationEvent event{epoch, watch.seconds(), isMultiLabel ? multiLabel.scores() : oneLabel.scores()};
  observeValidation(config_.schedule, event.scores.loss, progress_.plateau);
  sink_(event);
  return event;
}

video::ClipLoaderOptions Trainer::loading(std::size_t batchSize) const {
  return {batchSize, config_.loaderThreads, config_.prefetch, config_.skipUnreadable, config_.cache};
}

void Trainer::tell(const ClipData& data, const std::vector<video::UnreadableClip>& unreadable) {
  for (const auto& [clip, reason] : unreadable) {
    const auto path = data.videos->videos()[static_cast<std::size_t>(clip.video)].path.string();
    if (told_.insert(path).second) sink_(UnreadableEvent{path, reason});
  }
}

void Trainer::tellOfCacheProblem() {
  if (!config_.cache || cacheProblemTold_) return;
  const auto problem = config_.cache->use().problem;
  if (problem.empty()) return;
  cacheProblemTold_ = true;
  sink_(WarningEvent{"The clip cache takes no more videos; they are decoded instead. " + problem});
}

std::string Trainer::keptCheckpoint() const {
  return files_ ? " The checkpoint '" + files_->checkpoint.string() + "' is from before." : "";
}

void Trainer::failOutOfMemory(const std::exception& error) {
  const auto passes = config_.passes;
  const auto clipsAPass = (config_.batchSize + passes - 1) / passes;
  const auto advice = clipsAPass > 1
                          ? "Set batchSize " + std::to_string((clipsAPass + 1) / 2) + " and accumulate " +
                                std::to_string(2 * passes) +
                                " (--batch-size and --accumulate), which makes the same steps of " +
                                "smaller passes"
                          : std::string("Make the clips or the network smaller");
  throw Error(ErrorCode::OutOfMemory, "Out of memory in step " + std::to_string(progress_.steps + 1) +
                                          ", in passes of " + std::to_string(clipsAPass) + " clips: " +
                                          firstLineOf(error.what()) + " " + advice + "." + keptCheckpoint());
}

void Trainer::noteScores(const Scores& scores) {
  const auto epoch = progress_.epoch;
  auto& lowest = progress_.lowestLoss;
  if (lowest.epoch == 0 || scores.loss < lowest.loss) lowest = {epoch, scores.loss};
  if (!isBetter(scores, progress_.best)) return;
  progress_.best = {epoch, rankingScore(scores), scores.loss};
  if (files_) writeTensorFile(files_->best, files_->modelHeader, model_.stateDict());
}

template <typename Action>
void Trainer::withEvents(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::File) throw;
    events_.reset();
    sink_(WarningEvent{std::string("TensorBoard's event files are not written any more. ") + error.what()});
  }
}

void Trainer::openEvents() {
  if (!files_ || files_->events.empty()) return;
  withEvents([&] { events_.emplace(files_->events, EventPlace{progress_.steps, progress_.epoch - 1}); });
}

template <typename Event>
void Trainer::record(const Event& event) {
  if (events_) withEvents([&] { events_->add(event); });
}

bool Trainer::earlyStoppingIsDue() const {
  const auto& [patience, metric] = config_.earlyStopping;
  const auto improved =
      metric == EarlyStoppingMetric::Loss ? progress_.lowestLoss.epoch : progress_.best.epoch;
  const auto completed = progress_.epoch - 1;
  return patience > 0 && improved > 0 && completed - improved >= patience;
}

std::optional<EndReason> Trainer::limitReached() const {
  if (config_.maxSteps > 0 && progress_.steps >= config_.maxSteps) return EndReason::MaxSteps;
  if (config_.maxSeconds > 0 && runWatch_.seconds() >= config_.maxSeconds) return EndReason::MaxTime;
  return std::nullopt;
}

bool Trainer::checkpointIsDue() const {
  const auto byStep = config_.checkpointSteps > 0 && progress_.steps % config_.checkpointSteps == 0;
  const auto byTime =
      config_.checkpointSeconds > 0 && sinceCheckpoint_.seconds() >= config_.checkpointSeconds;
  return byStep || byTime;
}

void Trainer::writeCheckpoint() {
  if (!files_) return;
  if (events_) withEvents([&] { events_->flush(); });
  c3d::writeCheckpoint(files_->checkpoint, files_->checkpointHeader, model_, step_.state(progress_));
  sinceCheckpoint_ = {};
}

void Trainer::saveCheckpoint() {
  if (!files_) return;
  writeCheckpoint();
  sink_(CheckpointEvent{progress_.epoch - 1, progress_.steps, files_->checkpoint});
}

void Trainer::keepModel() {
  if (!files_ || config_.keepEpochs == 0 || progress_.epoch % config_.keepEpochs != 0) return;
  auto file = files_->keptPrefix;
  file += std::to_string(progress_.epoch) + ".safetensors";
  writeTensorFile(file, files_->modelHeader, model_.stateDict());
}

void Trainer::saveModel() {
  if (files_) writeTensorFile(files_->model, files_->modelHeader, model_.stateDict());
}

}  // namespace c3d
