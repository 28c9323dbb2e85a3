#include "core/training/trainer.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>

#include "core/training/loss.h"
#include "core/training/metrics_file.h"
#include "core/weights/tensor_file.h"

namespace c3d {
namespace {

at::Tensor labelsOf(const video::ClipBatch& batch) {
  auto labels = at::empty({static_cast<std::int64_t>(batch.clips.size())}, at::kLong);
  for (std::size_t i = 0; i < batch.clips.size(); ++i)
    labels[static_cast<std::int64_t>(i)] = batch.clips[i].label;
  return labels;
}

/// Puts back what a step changes before it is complete: the running statistics of batch norm and the dropout
/// generator. A step that is broken off has then never begun.
class StepRollback {
 public:
  StepRollback(const C3D& model, at::Generator generator)
      : generator_(std::move(generator)), generatorState_(generator_.get_state()) {
    for (const auto& [key, tensor] : model.stateDict())
      if (key.ends_with(".running_mean") || key.ends_with(".running_var"))
        statistics_.emplace_back(tensor, tensor.clone());
  }
  ~StepRollback() {
    if (complete_) return;
    const at::NoGradGuard noGrad;
    generator_.set_state(generatorState_);
    for (auto& [tensor, before] : statistics_) tensor.copy_(before);
  }
  StepRollback(const StepRollback&) = delete;
  StepRollback& operator=(const StepRollback&) = delete;

  void stepIsComplete() { complete_ = true; }

 private:
  at::Generator generator_;
  at::Tensor generatorState_;
  std::vector<std::pair<at::Tensor, at::Tensor>> statistics_;
  bool complete_ = false;
};

bool isBetter(const Scores& scores, const BestScore& best) {
  if (best.epoch == 0 || scores.clipTop1 > best.clipTop1) return true;
  return scores.clipTop1 == best.clipTop1 && scores.loss < best.loss;
}

/// Of these parameters; a checkpoint holds zeros for those that are not trained.
NamedTensors momentumOf(const NamedTensors& parameters, const NamedTensors& momentum) {
  const std::unordered_map<std::string, at::Tensor> buffers(momentum.begin(), momentum.end());
  NamedTensors found;
  for (const auto& [key, tensor] : parameters)
    if (const auto buffer = buffers.find(key); buffer != buffers.end()) found.emplace_back(*buffer);
  return found;
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
      optimizer_(model.parameters(), config_.optimizer),
      dropoutGenerator_(makeGenerator(model.device(), config_.seed)) {}

void Trainer::resume(const ResumePoint& point) {
  const std::lock_guard lock(model_.mutex());
  const auto state = readCheckpoint(point.file, point.tensors, model_);
  optimizer_.loadState(momentumOf(optimizer_.trained(), state.momentum));
  dropoutGenerator_ = state.dropoutGenerator;
  progress_ = state.progress;
  resumed_ = true;
}

TrainingResult Trainer::run(const Cancellation& cancellation) {
  const Stopwatch watch;
  try {
    // A folder that cannot be written to is told before the work, and every later moment can be resumed.
    if (!resumed_) writeCheckpoint();
    auto reason = earlyStoppingIsDue() ? std::optional(EndReason::EarlyStopping) : std::nullopt;
    while (!reason && progress_.epoch <= config_.epochs) reason = runEpoch(cancellation);
    saveModel();
    return {reason.value_or(EndReason::Finished), progress_.epoch - 1, progress_.steps, watch.seconds()};
  } catch (const Error& error) {
    if (error.code() == ErrorCode::Aborted) {
      saveCheckpoint();
      saveModel();
    }
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
                         static_cast<double>(totals.hits) / clips,
                         progress_.learningRate,
                         totals.clips,
                         totals.seconds,
                         clips / totals.seconds,
                         totals.laterWaits / (totals.seconds - totals.firstWait),
                         evaluation ? std::optional(evaluation->scores) : std::nullopt};
  if (files_) appendMetrics(files_->metrics, evaluation, event);
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
    if (!batch->clips.empty()) trainOn(*batch, stepsInEpoch, waited, stepWatch, cancellation);
    (isFirst ? totals.firstWait : totals.laterWaits) += waited;
    totals.seconds += stepWatch.seconds();
    ++progress_.batches;
    if (checkpointIsDue()) saveCheckpoint();
    loader.recycle(std::move(*batch));
  }
  if (totals.clips == 0)
    throw Error(ErrorCode::EmptyDataset, "None of the training set's videos can be read any more.");
  return std::nullopt;
}

void Trainer::trainOn(video::ClipBatch& batch, std::int64_t stepsInEpoch, double waited,
                      const Stopwatch& stepWatch, const Cancellation& cancellation) {
  const auto position = static_cast<double>(progress_.epoch - 1) +
                        static_cast<double>(progress_.batches) / static_cast<double>(stepsInEpoch);
  progress_.learningRate = config_.optimizer.learningRate * progress_.plateau.factor *
                           learningRateFactor(config_.schedule, position, static_cast<double>(config_.epochs),
                                              static_cast<double>(stepsInEpoch));
  const auto outcome = step(batch, cancellation);

  const auto size = static_cast<double>(batch.clips.size());
  const auto seconds = stepWatch.seconds();
  auto& totals = progress_.totals;
  totals.loss += outcome.loss * size;
  totals.hits += outcome.hits;
  totals.clips += static_cast<std::int64_t>(batch.clips.size());
  sink_(StepEvent{progress_.steps, progress_.epoch, progress_.batches + 1, stepsInEpoch, outcome.loss,
                  static_cast<double>(outcome.hits) / size, progress_.learningRate, size / seconds,
                  waited / seconds});
}

Trainer::StepOutcome Trainer::step(video::ClipBatch& batch, const Cancellation& cancellation) {
  const std::lock_guard lock(model_.mutex());
  const FrozenParameters frozen(optimizer_.frozen());
  const auto pixels = pixelsOf(batch, config_.layout);
  const auto places = placesOf(batch);
  const auto labels = labelsOf(batch).to(model_.device());
  const Loss loss(config_.loss, labels);
  const auto clips = labels.numel();
  const auto passes = static_cast<std::int64_t>(config_.passes);
  const auto clipsAPass = (static_cast<std::int64_t>(config_.batchSize) + passes - 1) / passes;
  StepRollback rollback(model_, dropoutGenerator_);
  optimizer_.zeroGradients();
  StepOutcome outcome;
  for (std::int64_t first = 0; first < clips; first += clipsAPass) {
    const auto size = std::min(clipsAPass, clips - first);
    const auto input = model_.preprocess(
        pixels.narrow(0, first, size),
        std::span(places).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(size)));
    const auto some = labels.narrow(0, first, size);
    const auto logits = model_.forward(input, {true, dropoutGenerator_, &cancellation});
    const auto part = loss.part(logits, some);
    outcome.loss += part.item<double>();
    outcome.hits += logits.argmax(1).eq(some).sum().item<std::int64_t>();
    requireFinite(outcome.loss);
    part.backward();  // adds to the gradients of the passes before
  }
  optimizer_.step(progress_.learningRate);
  rollback.stepIsComplete();
  ++progress_.steps;
  return outcome;
}

EvaluationEvent Trainer::evaluate(std::int64_t epoch, const Cancellation& cancellation) {
  const Stopwatch watch;
  ScoreAccumulator accumulator;
  scoreClips(
      model_, *validation_, config_.layout, config_.evaluation.sampling,
      loading(config_.evaluation.batchSize), cancellation,
      [&](const auto& clips, const at::Tensor& logits, std::size_t done, std::size_t total) {
        accumulator.add(clips, logits);
        sink_(EvaluationProgressEvent{epoch, done, total});
      },
      [&](const auto& unreadable) { tell(*validation_, unreadable); });
  const EvaluationEvent event{epoch, watch.seconds(), accumulator.scores()};
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

void Trainer::requireFinite(double loss) const {
  if (std::isfinite(loss)) return;
  const auto kept = files_ ? " The checkpoint '" + files_->checkpoint.string() + "' is from before." : "";
  throw Error(ErrorCode::NonFiniteLoss,
              std::string("The loss became ") + (std::isnan(loss) ? "NaN" : "infinite") + " in step " +
                  std::to_string(progress_.steps + 1) + " at learning rate " +
                  std::to_string(progress_.learningRate) +
                  ". Lower the learning rate, or use a warm-up, batch norm or another initializer." + kept);
}

void Trainer::noteScores(const Scores& scores) {
  const auto epoch = progress_.epoch;
  auto& lowest = progress_.lowestLoss;
  if (lowest.epoch == 0 || scores.loss < lowest.loss) lowest = {epoch, scores.loss};
  if (!isBetter(scores, progress_.best)) return;
  progress_.best = {epoch, scores.clipTop1, scores.loss};
  if (files_) writeTensorFile(files_->best, files_->modelHeader, model_.stateDict());
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
  c3d::writeCheckpoint(files_->checkpoint, files_->checkpointHeader, model_,
                       {progress_, dropoutGenerator_, optimizer_.state()});
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
