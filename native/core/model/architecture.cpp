#include "core/model/architecture.h"

#include <functional>
#include <numeric>
#include <set>

#include "core/model/activations.h"
#include "core/runtime/error.h"

namespace c3d {
namespace {

constexpr Size3::size_type kDimensions = 3;
constexpr std::array<const char*, kDimensions> kDimensionNames{"frames", "height", "width"};

using Shape = std::vector<std::int64_t>;

std::string toString(const Shape& shape) {
  std::string text;
  for (const auto size : shape) {
    if (!text.empty()) text += 'x';
    text += std::to_string(size);
  }
  return text;
}

std::int64_t count(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

[[noreturn]] void refuse(const std::string& layer, const std::string& reason) {
  throw Error(ErrorCode::Architecture, "Layer '" + layer + "': " + reason);
}

void requireAtLeastOne(const std::string& layer, const char* what, std::int64_t value) {
  if (value < 1)
    refuse(layer, std::string("expected ") + what + " of at least 1, got " + std::to_string(value) + ".");
}

void requireVolume(const std::string& layer, const Shape& input) {
  if (input.size() == 1)
    refuse(layer,
           "convolutions and pools must come before the first linear layer, but its input is a vector of " +
               toString(input) + ".");
}

LayerSummary describeLayer(const ConvLayer& layer, const Shape& input) {
  requireVolume(layer.name, input);
  requireAtLeastOne(layer.name, "a number of filters", layer.filters);
  for (const auto size : layer.kernel)
    if (size < 1 || size % 2 == 0)
      refuse(layer.name, "expected odd kernel sizes, got " +
                             toString({layer.kernel.begin(), layer.kernel.end()}) +
                             " (depth x height x width); padding keeps the size only for odd ones.");
  const auto weights = layer.filters * input[0] * count({layer.kernel.begin(), layer.kernel.end()});
  LayerSummary summary{layer.name, LayerKind::Conv, input, {layer.filters, input[1], input[2], input[3]}, 0,
                       0};
  summary.parameters = weights + layer.filters + (layer.batchNorm ? 2 * layer.filters : 0);
  summary.macs = weights * input[1] * input[2] * input[3];
  return summary;
}

std::int64_t pooledSize(std::int64_t size, std::int64_t kernel, PoolRounding rounding, bool spatial) {
  switch (rounding) {
    case PoolRounding::Ceil:
      return (size + kernel - 1) / kernel;
    case PoolRounding::Floor:
      return size / kernel;
    case PoolRounding::Pad:
      return (size + (spatial ? 2 : 0)) / kernel;
  }
  return 0;
}

LayerSummary describeLayer(const PoolLayer& layer, const Shape& input) {
  requireVolume(layer.name, input);
  Shape output{input[0]};
  for (std::size_t i = 0; i < kDimensions; ++i) {
    requireAtLeastOne(layer.name, "kernel sizes", layer.kernel[i]);
    const auto size = input[i + 1];
    const bool spatial = i > 0;
    const auto pooled = pooledSize(size, layer.kernel[i], layer.rounding, spatial);
    // Rounding up would turn 1 into 1: the pool does nothing there, which is a mistake in a stack meant to
    // shrink.
    const bool kernelExceedsInput = layer.kernel[i] > size && layer.rounding != PoolRounding::Pad;
    if (pooled < 1 || kernelExceedsInput)
      refuse(layer.name,
             "pooling shrinks " + std::string(kDimensionNames[i]) + " to nothing: a kernel of " +
                 std::to_string(layer.kernel[i]) + " on an input of " + toString(input) +
                 " (channels x frames x height x width). Use a smaller kernel, fewer pools or a larger "
                 "clip.");
    if (layer.rounding == PoolRounding::Pad && spatial && layer.kernel[i] < 2)
      refuse(layer.name, "rounding 'pad' needs spatial kernels of at least 2, got " +
                             std::to_string(layer.kernel[i]) + ".");
    output.push_back(pooled);
  }
  return {layer.name, LayerKind::Pool, input, output, 0, 0};
}

LayerSummary describeLinear(const std::string& name, std::int64_t units, const Shape& input) {
  const auto inputs = count(input);
  return {name, LayerKind::Linear, {inputs}, {units}, inputs * units + units, inputs * units};
}

LayerSummary describeLayer(const LinearLayer& layer, const Shape& input) {
  requireAtLeastOne(layer.name, "a number of units", layer.units);
  if (layer.inputs > 0 && layer.inputs != count(input))
    refuse(layer.name, "expected " + std::to_string(layer.inputs) +
                           " inputs, but the layers before it deliver " + std::to_string(count(input)) +
                           " (" + toString(input) + ").");
  if (!(layer.dropout >= 0 && layer.dropout < 1))
    refuse(layer.name, "expected a dropout of 0 to below 1, got " + std::to_string(layer.dropout) + ".");
  return describeLinear(layer.name, layer.units, input);
}

void requireUniqueNames(const Architecture& architecture) {
  std::set<std::string> names;
  const auto add = [&names](const std::string& name) {
    if (name.empty() || name.find('.') != std::string::npos)
      refuse(name, "a layer needs a name without dots, since it is part of the state dict's keys.");
    if (!names.insert(name).second) refuse(name, "the name is used twice.");
  };
  for (const auto& layer : architecture.layers) add(layerName(layer));
  add(architecture.classifier);
}

}  // namespace

const std::string& layerName(const Layer& layer) {
  return std::visit([](const auto& kind) -> const std::string& { return kind.name; }, layer);
}

ArchitectureSummary describe(const Architecture& architecture, std::int64_t classes) {
  requireUniqueNames(architecture);
  requireAtLeastOne("input", "frames", architecture.frames);
  requireAtLeastOne("input", "a height", architecture.height);
  requireAtLeastOne("input", "a width", architecture.width);
  requireAtLeastOne(architecture.classifier, "a number of classes", classes);

  ArchitectureSummary summary;
  Shape shape{3, architecture.frames, architecture.height, architecture.width};
  const auto add = [&](LayerSummary layer) {
    shape = layer.output;
    summary.parameters += layer.parameters;
    summary.macs += layer.macs;
    summary.layers.push_back(std::move(layer));
  };
  for (const auto& layer : architecture.layers)
    add(std::visit([&shape](const auto& kind) { return describeLayer(kind, shape); }, layer));
  add(describeLinear(architecture.classifier, classes, shape));
  summary.activationBytes = activationBytes(architecture, summary);
  return summary;
}

}  // namespace c3d
