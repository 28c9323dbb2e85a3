#include "core/model/initializers.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

#include <cmath>
#include <unordered_map>

namespace c3d {
namespace {

struct LayerRole {
  bool firstConvolution;
  bool convolution;
  bool classifier;
  std::int64_t pooled;  // elements of the windows of the pool right before the layer; 1: none
};

/// Mean square of max(0, x_1, ..., x_n) for independent x_i of N(0, 1): 1/2 for n = 1. With F the
/// distribution of x, it is the integral over t > 0 of 2 t (1 - F(t)^n).
double meanSquareAfterPooling(std::int64_t n) {
  constexpr double kStep = 1e-3;
  constexpr double kEnd = 10;
  double integral = 0;
  for (double t = kStep / 2; t < kEnd; t += kStep) {
    const auto below = 0.5 * std::erfc(-t / std::sqrt(2.0));
    integral += 2 * t * (1 - std::pow(below, static_cast<double>(n))) * kStep;
  }
  return integral;
}

void initializeCaffe(at::Tensor& weight, at::Tensor& bias, const LayerRole& role,
                     const at::Generator& generator) {
  const bool hiddenLinear = !role.convolution && !role.classifier;
  weight.normal_(0, hiddenLinear ? 0.005 : 0.01, generator);
  bias.fill_(role.firstConvolution || role.classifier ? 0 : 1);
}

void initializePyTorch(at::Tensor& weight, at::Tensor& bias, const LayerRole&,
                       const at::Generator& generator) {
  const auto bound = 1 / std::sqrt(static_cast<double>(weight[0].numel()));
  weight.uniform_(-bound, bound, generator);
  bias.uniform_(-bound, bound, generator);
}

void initializeKaiming(at::Tensor& weight, at::Tensor& bias, const LayerRole& role,
                       const at::Generator& generator) {
  const auto fanIn = static_cast<double>(weight[0].numel());
  // The network's own input is neither rectified nor pooled; it is taken as if it were, which costs a factor
  // of 2.
  const auto deviation = 1 / std::sqrt(fanIn * meanSquareAfterPooling(role.pooled));
  weight.normal_(0, role.classifier ? 0.01 : deviation, generator);
  bias.zero_();
}

/// For every layer with weights that follows a pool: the elements of that pool's windows.
std::unordered_map<std::string, std::int64_t> pooledInputs(const Architecture& architecture) {
  std::unordered_map<std::string, std::int64_t> pooled;
  std::int64_t elements = 1;
  for (const auto& layer : architecture.layers) {
    if (const auto* pool = std::get_if<PoolLayer>(&layer)) {
      elements *= pool->kernel[0] * pool->kernel[1] * pool->kernel[2];
    } else {
      pooled[layerName(layer)] = elements;
      elements = 1;
    }
  }
  return pooled;
}

struct WeightAndBias {
  std::string name;  // of the layer
  at::Tensor weight, bias;
};

std::vector<WeightAndBias> layersOf(const C3D& model) {
  const auto parameters = model.parameters();  // weight and bias of a layer stand side by side
  std::vector<WeightAndBias> layers;
  for (std::size_t i = 0; i + 1 < parameters.size(); i += 2) {
    const auto& key = parameters[i].first;
    layers.push_back({key.substr(0, key.rfind('.')), parameters[i].second, parameters[i + 1].second});
  }
  return layers;
}

bool isBatchNorm(const at::Tensor& weight) {
  return weight.dim() == 1;
}

}  // namespace

void initialize(C3D& model, Initializer initializer, std::uint64_t seed) {
  if (initializer == Initializer::None) return;
  const at::NoGradGuard noGrad;
  // Values are drawn on the CPU in the order of the shape, so that they depend neither on the device nor on
  // the memory format.
  const auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  const auto pooled = pooledInputs(model.architecture());
  bool firstConvolution = true;
  for (const auto& layer : layersOf(model)) {
    auto [name, weight, bias] = layer;
    if (isBatchNorm(weight)) {
      weight.fill_(1);
      bias.zero_();
      continue;
    }
    const bool convolution = weight.dim() == 5;
    const auto before = pooled.find(name);
    const LayerRole role{convolution && firstConvolution, convolution,
                         name == model.architecture().classifier,
                         before == pooled.end() ? 1 : before->second};
    if (convolution) firstConvolution = false;

    auto values = at::empty(weight.sizes(), at::kFloat);
    auto biases = at::empty(bias.sizes(), at::kFloat);
    switch (initializer) {
      case Initializer::Caffe:
        initializeCaffe(values, biases, role, generator);
        break;
      case Initializer::PyTorch:
        initializePyTorch(values, biases, role, generator);
        break;
      case Initializer::Kaiming:
        initializeKaiming(values, biases, role, generator);
        break;
      case Initializer::None:
        break;
    }
    weight.copy_(values);
    bias.copy_(biases);
  }
}

}  // namespace c3d
