#include "core/training/sgd.h"

#include <torch/optim/sgd.h>

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
  torch::optim::SGD optimizer;
};

Sgd::Sgd(const NamedTensors& parameters, const OptimizerConfig& config)
    : implementation_(new Implementation{torch::optim::SGD(valuesOf(parameters), optionsOf(config))}) {}

Sgd::~Sgd() = default;

void Sgd::zeroGradients() {
  implementation_->optimizer.zero_grad();
}

void Sgd::step(double learningRate) {
  for (auto& group : implementation_->optimizer.param_groups())
    static_cast<torch::optim::SGDOptions&>(group.options()).lr(learningRate);
  implementation_->optimizer.step();
}

}  // namespace c3d
