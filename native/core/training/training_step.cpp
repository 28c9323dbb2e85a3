#include "core/training/training_step.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <unordered_map>

#include "core/runtime/compute_turn.h"
#include "core/runtime/device_thread.h"
#include "core/training/loss.h"
#include "core/training/mix.h"
#include "core/training/targets.h"

namespace c3d {
namespace {

/// Puts back what a step changes before it is complete: gradients, the running statistics of batch norm and
/// the dropout generator. A step that is broken off has then never begun.
class StepRollback {
 public:
  StepRollback(const C3D& model, Sgd& optimizer, at::Generator generator)
      : optimizer_(optimizer), generator_(std::move(generator)), generatorState_(generator_.get_state()) {
    for (const auto& [key, tensor] : model.stateDict())
      if (key.ends_with(".running_mean") || key.ends_with(".running_var"))
        statistics_.emplace_back(tensor, tensor.clone());
  }
  ~StepRollback() {
    if (complete_) return;
    optimizer_.zeroGradients();
    const at::NoGradGuard noGrad;
    generator_.set_state(generatorState_);
    for (auto& [tensor, before] : statistics_) tensor.copy_(before);
  }
  StepRollback(const StepRollback&) = delete;
  StepRollback& operator=(const StepRollback&) = delete;

  void stepIsComplete() { complete_ = true; }

 private:
  Sgd& optimizer_;
  at::Generator generator_;
  at::Tensor generatorState_;
  std::vector<std::pair<at::Tensor, at::Tensor>> statistics_;
  bool complete_ = false;
};

/// Network input of clips, in the memory format that the network computes in; see StepClips.
at::Tensor inputOf(const C3D& model, const at::Tensor& clips, std::span<const CropPlace> places) {
  if (clips.scalar_type() == at::kByte) return model.preprocess(clips, places);
  return clips.to(model.device()).contiguous(at::MemoryFormat::ChannelsLast3d);
}

/// A step's input pass by pass, with the clips mixed with their partners where they are to be.
class StepInput {
 public:
  StepInput(const C3D& model, const StepClips& clips, const std::optional<Mix>& mix)
      : model_(model), clips_(clips), mix_(mix) {
    if (!mix_) return;
    const auto* partners = mix_->partners.const_data_ptr<std::int64_t>();
    for (std::size_t i = 0; i < clips_.places.size(); ++i)
      partnerPlaces_.push_back(clips_.places[static_cast<std::size_t>(partners[i])]);
  }

  at::Tensor pass(std::int64_t first, std::int64_t size) const {
    const auto part = [&](const std::vector<CropPlace>& all) {
      const auto places = std::span(all);
      if (places.empty()) return places;
      return places.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(size));
    };
    const auto input = inputOf(model_, clips_.clips.narrow(0, first, size), part(clips_.places));
    if (!mix_) return input;
    const auto partners = clips_.clips.index_select(0, mix_->partners.narrow(0, first, size));
    return mix_->apply(input, inputOf(model_, partners, part(partnerPlaces_)));
  }

 private:
  const C3D& model_;
  const StepClips& clips_;
  std::vector<CropPlace> partnerPlaces_;
  const std::optional<Mix>& mix_;
};

/// Of these parameters; a checkpoint holds zeros for those that are not trained.
NamedTensors momentumOf(const NamedTensors& parameters, const NamedTensors& momentum) {
  const std::unordered_map<std::string, at::Tensor> buffers(momentum.begin(), momentum.end());
  NamedTensors found;
  for (const auto& [key, tensor] : parameters)
    if (const auto buffer = buffers.find(key); buffer != buffers.end()) found.emplace_back(*buffer);
  return found;
}

std::vector<at::Tensor> gradientsOf(const NamedTensors& parameters) {
  std::vector<at::Tensor> gradients;
  for (const auto& [key, tensor] : parameters) gradients.push_back(tensor.grad());
  return gradients;
}

void requireFinite(double loss, std::int64_t number, double learningRate) {
  if (std::isfinite(loss)) return;
  throw Error(ErrorCode::NonFiniteLoss,
              std::string("The loss became ") + (std::isnan(loss) ? "NaN" : "infinite") + " in step " +
                  std::to_string(number) + " at learning rate " + std::to_string(learningRate) +
                  ". Lower the learning rate, or use a warm-up, batch norm or another initializer.");
}

std::int64_t clipsAPass(const TrainingConfig& config) {
  return static_cast<std::int64_t>((config.batchSize + config.passes - 1) / config.passes);
}

}  // namespace

TrainingStep::TrainingStep(C3D& model, const TrainingConfig& config)
    : model_(model),
      loss_(config.loss),
      mix_(config.mix),
      seed_(config.seed),
      clipsAPass_(clipsAPass(config)),
      precision_(config.precision),
      scaler_(config.lossScale),
      optimizer_(model.parameters(), config.optimizer),
      dropoutGenerator_(makeGenerator(model.device(), config.seed)) {}

StepOutcome TrainingStep::run(const StepClips& step, std::int64_t number, double learningRate,
                              const Cancellation& cancellation) {
  return computeOn(model_.device(), [&] { return compute(step, number, learningRate, cancellation); });
}

StepOutcome TrainingStep::compute(const StepClips& step, std::int64_t number, double learningRate,
                                  const Cancellation& cancellation) {
  const ComputeTurn turn(model_.mutex(), model_.device(), cancellation);
  const FrozenParameters frozen(optimizer_.frozen());
  const auto clips = step.clips.size(0);
  const auto targets = step.targets.to(model_.device());
  const auto& architecture = model_.architecture();
  const auto mix = drawMix(mix_, seed_, static_cast<std::uint64_t>(number - 1), clips, architecture.width,
                           architecture.height);
  const StepInput input(model_, step, mix);
  const auto partnerTargets = mix ? targets.index_select(0, mix->partners.to(model_.device())) : targets;
  const Loss loss(loss_, targets);
  StepRollback rollback(model_, optimizer_, dropoutGenerator_);
  gradients_.clear();
  StepOutcome outcome;
  ForwardOptions options;
  options.training = true;
  options.dropoutGenerator = dropoutGenerator_;
  options.cancellation = &cancellation;
  options.precision = precision_;
  for (std::int64_t first = 0; first < clips; first += clipsAPass_) {
    const auto size = std::min(clipsAPass_, clips - first);
    const auto some = targets.narrow(0, first, size);
    const auto logits = model_.forward(input.pass(first, size), options);
    auto part = loss.part(logits, some);
    auto right = countRight(logits, some);
    if (mix) {
      // As in the code of both papers. It is the loss of the mixed targets where losses are linear in them.
      const auto others = partnerTargets.narrow(0, first, size);
      part = part.mul(mix->share).add(loss.part(logits, others), 1 - mix->share);
      right = mix->share * right + (1 - mix->share) * countRight(logits, others);
    }
    outcome.loss += part.item<double>();
    outcome.right += right;
    requireFinite(outcome.loss, number, learningRate);
    scaler_.scaled(part).backward();  // adds to the gradients of the passes before
  }
  outcome.lossScale = scaler_.scale();
  outcome.skipped = !scaler_.unscale(gradientsOf(optimizer_.trained()));
  if (!outcome.skipped) optimizer_.step(learningRate);
  gradients_ = optimizer_.takeGradients();
  rollback.stepIsComplete();
  return outcome;
}

TrainingState TrainingStep::state(const TrainingProgress& progress) const {
  return {progress, dropoutGenerator_, optimizer_.state(), scaler_.state()};
}

void TrainingStep::load(const TrainingState& state) {
  optimizer_.loadState(momentumOf(optimizer_.trained(), state.momentum));
  dropoutGenerator_ = state.dropoutGenerator;
  scaler_.load(state.lossScale);
  gradients_.clear();
}

double scheduledRate(const TrainingConfig& config, const TrainingProgress& progress,
                     std::int64_t stepsPerEpoch) {
  const auto steps = static_cast<double>(stepsPerEpoch);
  const auto position =
      static_cast<double>(progress.epoch - 1) + static_cast<double>(progress.batches) / steps;
  return config.optimizer.learningRate * progress.plateau.factor *
         learningRateFactor(config.schedule, position, static_cast<double>(config.epochs), steps);
}

}  // namespace c3d
