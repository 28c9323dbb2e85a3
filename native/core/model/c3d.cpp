#include "core/model/c3d.h"

#include <ATen/ops/batch_norm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/max_pool3d.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include "core/model/biased_relu.h"
#include "core/model/convolution.h"
#include "core/model/normalized_rectification.h"
#include "core/model/rectified_pooling.h"

namespace c3d {
namespace {

constexpr const char* kMeanCube = "mean_cube";

/// Inverted dropout with a generator of the run's own, so that runs on several threads do not share random
/// state.
at::Tensor dropout(const at::Tensor& x, double probability, const at::Generator& generator) {
  const auto keep = 1 - probability;
  return x.mul(at::empty_like(x).bernoulli_(keep, generator).div_(keep));
}

/// Looks at the cancellation when the gradient passes by, so that a long backward pass stops between layers.
void checkInBackward(const at::Tensor& x, const Cancellation& cancellation) {
  if (!x.requires_grad()) return;
  x.register_hook([&cancellation](const at::Tensor&) { cancellation.throwIfRequested(); });
}

std::string shapeText(c10::IntArrayRef shape) {
  std::string text;
  for (const auto size : shape) text += (text.empty() ? "" : ", ") + std::to_string(size);
  return "[" + text + "]";
}

}  // namespace

C3D::C3D(Architecture architecture, std::int64_t classes, Preprocessing preprocessing, at::Device device)
    : architecture_(std::move(architecture)),
      summary_(describe(architecture_, classes)),
      classes_(classes),
      device_(device),
      preprocessing_(std::move(preprocessing)) {
  for (std::size_t i = 0; i < architecture_.layers.size(); ++i) {
    const auto& input = summary_.layers[i].input;
    const auto& layer = architecture_.layers[i];
    if (const auto* conv = std::get_if<ConvLayer>(&layer)) {
      const auto& k = conv->kernel;
      Conv stage{*conv, addWeights(conv->name, {conv->filters, input[0], k[0], k[1], k[2]}), {}};
      if (conv->batchNorm) stage.norm = addBatchNorm(conv->name + "_bn", conv->filters);
      stages_.emplace_back(std::move(stage));
    } else if (const auto* pool = std::get_if<PoolLayer>(&layer)) {
      stages_.emplace_back(Pool{*pool, summary_.layers[i].output});
    } else {
      const auto& linear = std::get<LinearLayer>(layer);
      stages_.emplace_back(Linear{linear, addWeights(linear.name, {linear.units, input[0]})});
    }
  }
  classifier_ = addWeights(architecture_.classifier, {classes_, summary_.layers.back().input[0]});
  if (preprocessing_.meanCube.defined())
    preprocessing_.meanCube = addBuffer(kMeanCube, preprocessing_.meanCube.to(device_));
}

at::Tensor C3D::addParameter(const std::string& key, at::Tensor values) {
  return stateDict_.emplace_back(key, values.requires_grad_()).second;
}

at::Tensor C3D::addBuffer(const std::string& key, at::Tensor values) {
  return stateDict_.emplace_back(key, std::move(values)).second;
}

C3D::Weights C3D::addWeights(const std::string& layer, const std::vector<std::int64_t>& shape) {
  const auto options = at::TensorOptions(device_).dtype(at::kFloat);
  const auto format = shape.size() == 5 ? at::MemoryFormat::ChannelsLast3d : at::MemoryFormat::Contiguous;
  return {addParameter(layer + ".weight", at::empty(shape, options, format)),
          addParameter(layer + ".bias", at::empty({shape[0]}, options)),
          {}};
}

C3D::BatchNorm C3D::addBatchNorm(const std::string& layer, std::int64_t channels) {
  const auto options = at::TensorOptions(device_).dtype(at::kFloat);
  return {addParameter(layer + ".weight", at::ones({channels}, options)),
          addParameter(layer + ".bias", at::zeros({channels}, options)),
          addBuffer(layer + ".running_mean", at::zeros({channels}, options)),
          addBuffer(layer + ".running_var", at::ones({channels}, options))};
}

at::Tensor C3D::preprocess(const at::Tensor& pixels, std::span<const CropPlace> places) const {
  return toInput(pixels.to(device_, /*non_blocking=*/true), preprocessing_, places);
}

void C3D::requireInputShape(const at::Tensor& input) const {
  const std::vector<std::int64_t> clip{3, architecture_.frames, architecture_.height, architecture_.width};
  if (input.dim() == 5 && input.sizes().slice(1) == c10::IntArrayRef(clip)) return;
  throw Error(ErrorCode::InvalidArgument, "Expected clips of shape [n, " + shapeText(clip).substr(1) +
                                              " for architecture '" + architecture_.name + "', got " +
                                              shapeText(input.sizes()) + ".");
}

at::Tensor C3D::linear(const at::Tensor& x, const Weights& weights, at::ScalarType type) {
  const auto computed = computesInFloat32(x.device(), type) ? at::kFloat : type;
  return at::linear(x.to(type).to(computed), roundedWeights(weights.weight, computed, &weights.prepared),
                    weights.bias.to(computed))
      .to(type);
}

std::size_t C3D::stagesUntil(const std::string& layer) const {
  std::string known;
  for (std::size_t i = 0; i < architecture_.layers.size(); ++i) {
    const auto& name = layerName(architecture_.layers[i]);
    if (name == layer) return i + 1;
    known += name + ", ";
  }
  throw Error(ErrorCode::InvalidArgument, "Expected a layer of the network (" + known +
                                              architecture_.classifier + "), got '" + layer + "'.");
}

bool C3D::usesBatchStatistics(const BatchNorm& norm, const ForwardOptions& options) {
  // A frozen one, whose weights take no gradient, keeps its statistics.
  return options.training && norm.weight.requires_grad();
}

at::Tensor C3D::normalize(const BatchNorm& norm, const at::Tensor& x, const ForwardOptions& options) {
  return at::batch_norm(x, norm.weight, norm.bias, norm.runningMean, norm.runningVariance,
                        usesBatchStatistics(norm, options), kBatchNormMomentum, kBatchNormEpsilon,
                        /*cudnn_enabled=*/true);
}

at::Tensor C3D::applyNormalized(const Conv& stage, const Pool* pool, const at::Tensor& x,
                                const ForwardOptions& options) {
  const auto& bias = stage.weights.bias;
  const auto& norm = stage.norm;
  const BatchNormTensors tensors{bias, norm.weight, norm.bias, norm.runningMean, norm.runningVariance};
  const bool training = usesBatchStatistics(norm, options);
  const auto y = convolve(x, stage.weights.weight, at::zeros_like(bias),
                          options.precision.typeOf(stage.layer.name), &stage.weights.prepared);
  if (pool != nullptr && canFuseReluAndPool(y, pool->layer))
    return normalizeReluAndPool(y, tensors, training, pool->layer, pool->output);
  const auto rectified = normalizeAndRelu(y, tensors, training);
  return pool == nullptr ? rectified : apply(*pool, rectified, options);
}

at::Tensor C3D::apply(const Conv& stage, const Pool* pool, const at::Tensor& x,
                      const ForwardOptions& options) {
  const auto type = options.precision.typeOf(stage.layer.name);
  if (stage.layer.batchNorm && canNormalizeAndRectify(x.device(), type))
    return applyNormalized(stage, pool, x, options);
  // cuDNN would add the bias in a pass of its own.
  const bool biasLater = !stage.layer.batchNorm && canFuseBiasAndRelu(x);
  const auto bias = biasLater ? stage.weights.bias : at::Tensor();
  auto y = convolve(x, stage.weights.weight, biasLater ? at::Tensor() : stage.weights.bias, type,
                    &stage.weights.prepared);
  if (stage.layer.batchNorm) y = normalize(stage.norm, y, options);
  if (pool != nullptr && canFuseReluAndPool(y, pool->layer))
    return reluAndPool(y, bias, pool->layer, pool->output);
  y = biasLater ? biasedRelu(y, bias) : y.relu_();
  return pool == nullptr ? y : apply(*pool, y, options);
}

at::Tensor C3D::apply(const Pool& stage, const at::Tensor& x, const ForwardOptions&) {
  const auto& kernel = stage.layer.kernel;
  return at::max_pool3d(x, kernel, /*stride=*/kernel, paddingOf(stage.layer), /*dilation=*/1,
                        /*ceil_mode=*/stage.layer.rounding == PoolRounding::Ceil);
}

at::Tensor C3D::apply(const Linear& stage, const at::Tensor& x, const ForwardOptions& options) {
  // Flattened as [C, T, H, W] whatever the memory format, as in Caffe.
  const auto y = linear(x.flatten(1), stage.weights, options.precision.typeOf(stage.layer.name)).relu_();
  if (!options.training || stage.layer.dropout == 0) return y;
  return dropout(y, stage.layer.dropout, options.dropoutGenerator);
}

at::Tensor C3D::forward(const at::Tensor& input, const ForwardOptions& options) const {
  requireInputShape(input);
  const auto wholeNetwork = options.until.empty() || options.until == architecture_.classifier;
  const auto stages = wholeNetwork ? stages_.size() : stagesUntil(options.until);
  auto x = input;
  for (std::size_t i = 0; i < stages; ++i) {
    if (options.cancellation) options.cancellation->throwIfRequested();
    if (const auto* conv = std::get_if<Conv>(&stages_[i])) {
      const auto* pool = i + 1 < stages ? std::get_if<Pool>(&stages_[i + 1]) : nullptr;
      x = apply(*conv, pool, x, options);
      if (pool != nullptr) ++i;
    } else if (const auto* pool = std::get_if<Pool>(&stages_[i])) {
      x = apply(*pool, x, options);
    } else {
      x = apply(std::get<Linear>(stages_[i]), x, options);
    }
    if (options.cancellation) checkInBackward(x, *options.cancellation);
  }
  if (!wholeNetwork) return x.to(at::kFloat);
  const auto type = options.precision.typeOf(architecture_.classifier);
  return linear(x.flatten(1), classifier_, type).to(at::kFloat);
}

NamedTensors C3D::parameters() const {
  NamedTensors trained;
  for (const auto& entry : stateDict_)
    if (entry.second.requires_grad()) trained.push_back(entry);
  return trained;
}

std::int64_t C3D::bytes() const {
  std::int64_t total = 0;
  for (const auto& [key, tensor] : stateDict_) total += static_cast<std::int64_t>(tensor.nbytes());
  return total;
}

}  // namespace c3d
