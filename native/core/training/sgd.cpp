#include "core/training/sgd.h"

#include <ATen/ops/empty_like.h>
#include <torch/optim/sgd.h>

#include <unordered_map>

#include "core/runtime/error.h"

namespace c3d {
namespace {

std::vector<at::Tensor> valuesOf(const NamedTensors& parameters) {
  std::vector<at::Tensor> values;
  for (const auto& [key, tensor] : parameters) values.push_back(tensor);
  return values;
}

torch::optim::SGDOptions optionsOf(const OptimizerConfig& config) {
  return torch::optim::SGDOptions(config.learningRate)
      .momentum(config.momentum)
      .weight_decay(config.weightDecay)
      .nesterov(config.nesterov);
}

}  // namespace

struct Sgd::Implementation {
  NamedTensors parameters;
  torch::optim::SGD optimizer;
};

Sgd::Sgd(const NamedTensors& parameters, const OptimizerConfig& config)
    : implementation_(
          new Implementation{parameters, torch::optim::SGD(valuesOf(parameters), optionsOf(config))}) {}

Sgd::~Sgd() = default;

void Sgd::zeroGradients() {
  implementation_->optimizer.zero_grad();
}

void Sgd::step(double learningRate) {
  for (auto& group : implementation_->optimizer.param_groups())
    static_cast<torch::optim::SGDOptions&>(group.options()).lr(learningRate);
  implementation_->optimizer.step();
}

NamedTensors Sgd::state() const {
  NamedTensors buffers;
  const auto& states = implementation_->optimizer.state();
  for (const auto& [key, parameter] : implementation_->parameters) {
    const auto found = states.find(parameter.unsafeGetTensorImpl());
    if (found == states.end()) continue;
    const auto& buffer = static_cast<torch::optim::SGDParamState&>(*found->second).momentum_buffer();
    if (buffer.defined()) buffers.emplace_back(key, buffer);
  }
  return buffers;
}

void Sgd::loadState(const NamedTensors& state) {
  const std::unordered_map<std::string, at::Tensor> buffers(state.begin(), state.end());
  auto& states = implementation_->optimizer.state();
  states.clear();
  if (state.empty()) return;
  for (const auto& [key, parameter] : implementation_->parameters) {
    const auto found = buffers.find(key);
    if (found == buffers.end()) throw Error(ErrorCode::Weights, "There is no momentum buffer '" + key + "'.");
    auto saved = std::make_unique<torch::optim::SGDParamState>();
    // In the parameter's memory format, as a gradient's copy would be.
    saved->momentum_buffer(at::empty_like(parameter.detach()).copy_(found->second));
    states[parameter.unsafeGetTensorImpl()] = std::move(saved);
  }
}

}  // namespace c3d
