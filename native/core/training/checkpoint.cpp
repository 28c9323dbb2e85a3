#include "core/training/checkpoint.h"

#include <ATen/Context.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <array>
#include <unordered_map>

#include "core/runtime/error.h"

namespace c3d {
namespace {

constexpr const char* kCounts = "training.counts";
constexpr const char* kAmounts = "training.amounts";
constexpr const char* kLossScale = "training.loss_scale";  // [scale, good steps]
constexpr const char* kGenerator = "training.dropout_generator";
constexpr const char* kMomentumPrefix = "momentum.";

// The order is the format: new fields go to the end of a new tensor.
auto countsOf(TrainingProgress& progress, std::int64_t& hasMomentum) {
  return std::array{&progress.epoch,      &progress.batches,          &progress.steps, &progress.totals.clips,
                    &progress.best.epoch, &progress.lowestLoss.epoch, &hasMomentum,    &progress.plateau.bad};
}

auto amountsOf(TrainingProgress& progress) {
  return std::array{&progress.learningRate,     &progress.totals.loss,       &progress.totals.seconds,
                    &progress.totals.firstWait, &progress.totals.laterWaits, &progress.best.score,
                    &progress.best.loss,        &progress.lowestLoss.loss,   &progress.plateau.factor,
                    &progress.plateau.best,     &progress.totals.right};
}

template <typename Value, std::size_t count>
at::Tensor packed(const std::array<Value*, count>& fields, at::ScalarType type) {
  auto tensor = at::empty({static_cast<std::int64_t>(count)}, type);
  for (std::size_t i = 0; i < count; ++i) tensor.mutable_data_ptr<Value>()[i] = *fields[i];
  return tensor;
}

template <typename Value, std::size_t count>
void unpack(const at::Tensor& tensor, const std::array<Value*, count>& fields) {
  for (std::size_t i = 0; i < count; ++i) *fields[i] = tensor.const_data_ptr<Value>()[i];
}

}  // namespace

at::Generator makeGenerator(const at::Device& device, std::uint64_t seed) {
  auto generator = at::globalContext().defaultGenerator(device).clone();
  generator.set_current_seed(seed);
  return generator;
}

NamedTensors stateTensors(const C3D& model, const TrainingState& state) {
  auto progress = state.progress;
  std::int64_t hasMomentum = state.momentum.empty() ? 0 : 1;
  NamedTensors tensors{
      {kCounts, packed(countsOf(progress, hasMomentum), at::kLong)},
      {kAmounts, packed(amountsOf(progress), at::kDouble)},
      {kLossScale, at::tensor({state.lossScale.scale, static_cast<double>(state.lossScale.goodSteps)})},
      {kGenerator, state.dropoutGenerator.get_state()}};
  const std::unordered_map<std::string, at::Tensor> buffers(state.momentum.begin(), state.momentum.end());
  for (const auto& [key, tensor] : model.stateDict()) {
    const auto buffer = buffers.find(key);
    tensors.emplace_back(kMomentumPrefix + key, buffer == buffers.end()
                                                    ? at::zeros({1}, at::kFloat).expand_as(tensor)
                                                    : buffer->second);
  }
  return tensors;
}

void writeCheckpoint(const std::filesystem::path& file, const std::string& header, const C3D& model,
                     const TrainingState& state) {
  auto tensors = model.stateDict();
  for (auto& tensor : stateTensors(model, state)) tensors.push_back(std::move(tensor));
  writeTensorFile(file, header, tensors);
}

TrainingState readCheckpoint(const std::filesystem::path& file, const std::vector<TensorLocation>& locations,
                             const C3D& model) {
  TrainingState state{{}, makeGenerator(model.device(), 0), {}, {}};
  auto targets = model.stateDict();
  std::unordered_map<std::string, at::Tensor> read;
  for (const auto& [name, tensor] : stateTensors(model, state)) {
    const auto target = at::empty(tensor.sizes(), tensor.options());
    read.emplace(name, target);
    targets.emplace_back(name, target);
  }
  readTensorFile(file, locations, targets);

  std::int64_t hasMomentum = 0;
  unpack(read.at(kCounts), countsOf(state.progress, hasMomentum));
  unpack(read.at(kAmounts), amountsOf(state.progress));
  const auto* lossScale = read.at(kLossScale).const_data_ptr<double>();
  state.lossScale = {lossScale[0], static_cast<std::int64_t>(lossScale[1])};
  state.dropoutGenerator.set_state(read.at(kGenerator));
  if (hasMomentum != 0)
    for (const auto& [key, tensor] : model.parameters())
      state.momentum.emplace_back(key, read.at(kMomentumPrefix + key));
  return state;
}

}  // namespace c3d
