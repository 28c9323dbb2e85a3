#include "core/training/trainer.h"

#include <ATen/Context.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <mutex>
#include <span>

#include "core/training/loss.h"
#include "core/weights/tensor_file.h"

namespace c3d {
namespace {

class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

at::Tensor labelsOf(const video::ClipBatch& batch) {
  auto labels = at::empty({static_cast<std::int64_t>(batch.clips.size())}, at::kLong);
  for (std::size_t i = 0; i < batch.clips.size(); ++i)
    labels[static_cast<std::int64_t>(i)] = batch.clips[i].label;
  return labels;
}

at::Generator makeGenerator(const at::Device& device, std::uint64_t seed) {
  auto generator = at::globalContext().defaultGenerator(device).clone();
  generator.set_current_seed(seed);
  return generator;
}

void requireFinite(double loss, std::int64_t step, double learningRate) {
  if (std::isfinite(loss)) return;
  throw Error(ErrorCode::NonFiniteLoss,
              "The loss became " + std::to_string(loss) + " in step " + std::to_string(step) +
                  " at learning rate " + std::to_string(learningRate) +
                  ". Lower the learning rate, or use a warm-up, batch norm or another initializer.");
}

}  // namespace

Trainer::Trainer(C3D& model, ClipData training, std::optional<ClipData> validation, TrainingConfig config,
                 std::optional<CheckpointTarget> checkpoint, TrainingEventSink sink)
    : model_(model),
      training_(std::move(training)),
      validation_(std::move(validation)),
      config_(std::move(config)),
      checkpoint_(std::move(checkpoint)),
      sink_(std::move(sink)),
      optimizer_(model.parameters(), config_.optimizer),
      dropoutGenerator_(makeGenerator(model.device(), config_.seed)) {}

TrainingResult Trainer::run(const Cancellation& cancellation) {
  const Stopwatch watch;
  std::int64_t completed = 0;
  try {
    for (; completed < config_.epochs; ++completed) runEpoch(completed + 1, cancellation);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::Aborted) save(completed);
    throw;
  }
  return {steps_, watch.seconds()};
}

void Trainer::runEpoch(std::int64_t epoch, const Cancellation& cancellation) {
  const auto totals = trainOneEpoch(epoch, cancellation);
  std::optional<Scores> validation;
  if (validation_) validation = evaluate(epoch, cancellation);
  save(epoch);
  const auto clips = static_cast<double>(totals.clips);
  sink_(EpochEvent{epoch, config_.epochs, totals.loss / clips, static_cast<double>(totals.hits) / clips,
                   learningRate_, totals.clips, totals.seconds, clips / totals.seconds, totals.dataWait,
                   validation});
  tellOfCacheProblem();
}

Trainer::EpochTotals Trainer::trainOneEpoch(std::int64_t epoch, const Cancellation& cancellation) {
  auto clips = video::sampleClips(*training_.videos, training_.items, config_.layout, config_.sampling,
                                  config_.seed, static_cast<std::uint64_t>(epoch));
  if (clips.empty()) throw Error(ErrorCode::EmptyDataset, "There is no clip to train on.");
  const auto batchSize = config_.batchSize;
  const auto stepsInEpoch = static_cast<std::int64_t>((clips.size() + batchSize - 1) / batchSize);
  video::ClipLoader loader(training_.videos, std::move(clips), config_.layout, loading(batchSize));

  const std::stop_callback stopLoader(cancellation.token(), [&loader] { loader.cancel(); });

  const Stopwatch epochWatch;
  EpochTotals totals;
  double firstWait = 0;
  double laterWaits = 0;
  for (std::int64_t stepInEpoch = 1;; ++stepInEpoch) {
    const Stopwatch stepWatch;
    auto batch = loader.next();
    if (!batch) break;
    const auto waited = stepWatch.seconds();
    cancellation.throwIfRequested();
    (stepInEpoch == 1 ? firstWait : laterWaits) += waited;
    tell(training_, batch->unreadable);
    if (batch->clips.empty()) continue;

    const auto position = static_cast<double>(epoch - 1) +
                          static_cast<double>(stepInEpoch - 1) / static_cast<double>(stepsInEpoch);
    learningRate_ = config_.optimizer.learningRate * plateau_.factor *
                    learningRateFactor(config_.schedule, position, static_cast<double>(config_.epochs),
                                       static_cast<double>(stepsInEpoch));
    const auto outcome = step(*batch, cancellation);

    const auto size = static_cast<double>(batch->clips.size());
    const auto seconds = stepWatch.seconds();
    totals.loss += outcome.loss * size;
    totals.hits += outcome.hits;
    totals.clips += static_cast<std::int64_t>(batch->clips.size());
    sink_(StepEvent{steps_, epoch, stepInEpoch, stepsInEpoch, outcome.loss,
                    static_cast<double>(outcome.hits) / size, learningRate_, size / seconds,
                    waited / seconds});
    loader.recycle(std::move(*batch));
  }
  if (totals.clips == 0)
    throw Error(ErrorCode::EmptyDataset, "None of the training set's videos can be read any more.");
  totals.seconds = epochWatch.seconds();
  totals.dataWait = laterWaits / (totals.seconds - firstWait);
  return totals;
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
    requireFinite(outcome.loss, steps_ + 1, learningRate_);
    part.backward();  // adds to the gradients of the passes before
  }
  optimizer_.step(learningRate_);
  ++steps_;
  return outcome;
}

Scores Trainer::evaluate(std::int64_t epoch, const Cancellation& cancellation) {
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
  const auto scores = accumulator.scores();
  observeValidation(config_.schedule, scores.loss, plateau_);
  sink_(EvaluationEvent{epoch, watch.seconds(), scores});
  return scores;
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

void Trainer::save(std::int64_t completedEpochs) {
  if (!checkpoint_) return;
  writeTensorFile(checkpoint_->file, checkpoint_->header, model_.stateDict());
  sink_(CheckpointEvent{completedEpochs, checkpoint_->file});
}

}  // namespace c3d
