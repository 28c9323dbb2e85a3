#include "core/training/sgd.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/norm.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "core/cuda/program.h"
#include "core/cuda/sgd.h"
#include "core/kernels/sgd_update.h"
#include "core/runtime/error.h"

namespace c3d {
namespace {

constexpr std::string_view kNorm = "_bn";

/// What a key of a state dict says: conv1a_bn.bias is the bias of the batch norm of layer conv1a.
struct Role {
  std::string layer;
  bool norm;
  bool bias;
};

Role roleOf(const std::string& key) {
  const auto dot = key.rfind('.');
  auto layer = key.substr(0, dot);
  const bool norm = layer.ends_with(kNorm);
  if (norm) layer.resize(layer.size() - kNorm.size());
  return {std::move(layer), norm, key.substr(dot) == ".bias"};
}

double rateOf(const Role& role, const OptimizerConfig& config) {
  const auto layer = config.layerRates.find(role.layer);
  const auto rate = layer == config.layerRates.end() ? 1 : layer->second;
  return role.bias && !role.norm ? rate * config.biasRate : rate;
}

double decayOf(const Role& role, const OptimizerConfig& config) {
  if (role.norm) return config.weightDecay * config.normDecay;
  return config.weightDecay * (role.bias ? config.biasDecay : 1);
}

std::vector<at::Tensor> gradientsOf(const std::vector<at::Tensor>& parameters) {
  std::vector<at::Tensor> gradients;
  for (const auto& parameter : parameters) gradients.push_back(parameter.grad());
  return gradients;
}

}  // namespace

Sgd::Sgd(const NamedTensors& parameters, const OptimizerConfig& config) : config_(config) {
  for (const auto& entry : parameters) {
    const auto& [key, tensor] = entry;
    const auto role = roleOf(key);
    const auto rate = rateOf(role, config_);
    (rate == 0 ? frozen_ : trained_).push_back(entry);
    if (rate == 0) continue;
    auto& group = groupOf(rate, decayOf(role, config_));
    group.parameters.push_back(tensor);
    group.keys.push_back(key);
  }
  if (trained_.empty())
    throw Error(ErrorCode::InvalidArgument, "Every layer is frozen: there is nothing to train.");
}

Sgd::Group& Sgd::groupOf(double rate, double decay) {
  const auto found = std::ranges::find_if(
      groups_, [&](const Group& group) { return group.rate == rate && group.decay == decay; });
  if (found != groups_.end()) return *found;
  return groups_.emplace_back(Group{rate, decay, {}, {}, {}});
}

void Sgd::zeroGradients() {
  for (auto& [key, tensor] : trained_) tensor.mutable_grad().reset();
}

NamedTensors Sgd::takeGradients() {
  NamedTensors gradients;
  for (const auto& [key, tensor] : trained_) gradients.emplace_back(key, tensor.grad());
  zeroGradients();
  return gradients;
}

void Sgd::step(double learningRate) {
  const at::NoGradGuard noGrad;
  if (config_.maxGradientNorm > 0) limitGradients();
  for (auto& group : groups_) update(group, learningRate);
}

void Sgd::limitGradients() {
  constexpr double kEpsilon = 1e-6;  // PyTorch's
  std::vector<at::Tensor> gradients;
  for (const auto& [key, tensor] : trained_) gradients.push_back(tensor.grad());
  const auto norm = at::stack(at::_foreach_norm(gradients, 2)).norm().item<double>();
  const auto factor = config_.maxGradientNorm / (norm + kEpsilon);
  if (factor < 1) at::_foreach_mul_(gradients, factor);
}

void Sgd::update(Group& group, double learningRate) {
  if (config_.momentum != 0 && group.velocities.empty())
    for (const auto& parameter : group.parameters) group.velocities.push_back(at::zeros_like(parameter));
  if (group.parameters[0].is_cpu() || cuda::canCompile()) return updateInOnePass(group, learningRate);
  const auto rate = learningRate * group.rate;
  const auto gradients = gradientsOf(group.parameters);
  const auto& parameters = group.parameters;
  const auto descend = [&] {  // w -= r (g + d w), without a copy of the gradient
    if (group.decay != 0) at::_foreach_mul_(parameters, 1 - rate * group.decay);
    at::_foreach_add_(parameters, gradients, -rate);
  };
  if (config_.momentum == 0) return descend();

  const bool caffe = config_.form == SgdForm::Caffe;
  const auto in = caffe ? rate : 1;   // what the gradient is multiplied by on its way into v
  const auto out = caffe ? 1 : rate;  // what v is multiplied by on its way to w
  at::_foreach_mul_(group.velocities, config_.momentum);
  at::_foreach_add_(group.velocities, gradients, in);
  if (group.decay != 0) at::_foreach_add_(group.velocities, parameters, in * group.decay);
  if (config_.nesterov) descend();
  at::_foreach_add_(parameters, group.velocities, config_.nesterov ? -out * config_.momentum : -out);
}

void Sgd::updateInOnePass(Group& group, double learningRate) {
  const SgdRule rule{config_.form == SgdForm::Caffe, config_.nesterov,
                     static_cast<float>(learningRate * group.rate), static_cast<float>(group.decay),
                     static_cast<float>(config_.momentum)};
  std::vector<at::Tensor> gradients;  // in the parameters' order of elements
  std::vector<SgdValues> values;
  for (std::size_t i = 0; i < group.parameters.size(); ++i) {
    auto& parameter = group.parameters[i];
    const auto& gradient = parameter.grad();
    const bool alike = gradient.strides() == parameter.strides();
    gradients.push_back(alike ? gradient : at::empty_like(parameter).copy_(gradient));
    values.push_back({parameter.mutable_data_ptr<float>(), gradients.back().const_data_ptr<float>(),
                      config_.momentum == 0 ? nullptr : group.velocities[i].mutable_data_ptr<float>(),
                      parameter.numel()});
  }
  const auto device = group.parameters[0].device();
  if (device.is_cpu()) return updateBySgd(rule, values);
  cuda::updateBySgd(device, rule, values);
}

NamedTensors Sgd::state() const {
  std::unordered_map<std::string, at::Tensor> velocities;
  for (const auto& group : groups_)
    for (std::size_t i = 0; i < group.velocities.size(); ++i)
      velocities.emplace(group.keys[i], group.velocities[i]);
  NamedTensors state;
  if (velocities.empty()) return state;
  for (const auto& [key, tensor] : trained_) state.emplace_back(key, velocities.at(key));
  return state;
}

void Sgd::loadState(const NamedTensors& state) {
  const at::NoGradGuard noGrad;
  const std::unordered_map<std::string, at::Tensor> velocities(state.begin(), state.end());
  const bool fits = std::ranges::all_of(trained_, [&](const auto& entry) {
    const auto found = velocities.find(entry.first);
    return found != velocities.end() && found->second.sizes() == entry.second.sizes();
  });
  if (!velocities.empty() && (!fits || velocities.size() != trained_.size()))
    throw Error(ErrorCode::InvalidArgument,
                "The state of the optimizer does not fit the parameters that are trained.");
  for (auto& group : groups_) {
    group.velocities.clear();
    if (velocities.empty()) continue;
    for (std::size_t i = 0; i < group.keys.size(); ++i)
      group.velocities.push_back(at::zeros_like(group.parameters[i]).copy_(velocities.at(group.keys[i])));
  }
}

FrozenParameters::FrozenParameters(const NamedTensors& parameters) : parameters_(parameters) {
  for (const auto& [key, tensor] : parameters_) tensor.set_requires_grad(false);
}

FrozenParameters::~FrozenParameters() {
  for (const auto& [key, tensor] : parameters_) tensor.set_requires_grad(true);
}

}  // namespace c3d
