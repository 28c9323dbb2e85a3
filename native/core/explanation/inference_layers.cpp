#include "core/explanation/inference_layers.h"

#include <ATen/ops/batch_norm.h>
#include <ATen/ops/conv_transpose3d.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/max_pool3d_with_indices.h>
#include <ATen/ops/zeros.h>

#include <variant>

#include "core/model/convolution.h"
#include "core/model/rectified_pooling.h"
#include "core/runtime/error.h"

namespace c3d {

InferenceLayers::InferenceLayers(const C3D& network) : architecture_(network.architecture()) {
  for (const auto& [key, tensor] : network.stateDict()) tensors_.emplace(key, tensor.detach());
}

const std::string& InferenceLayers::nameOf(std::size_t layer) const {
  return isClassifier(layer) ? architecture_.classifier : layerName(architecture_.layers.at(layer));
}

std::size_t InferenceLayers::placeOf(const std::string& layer) const {
  std::string known;
  for (std::size_t i = 0; i < count(); ++i) {
    if (nameOf(i) == layer) return i;
    known += (known.empty() ? "" : ", ") + nameOf(i);
  }
  throw Error(ErrorCode::InvalidArgument,
              "Expected a layer of the network (" + known + "), got '" + layer + "'.");
}

bool InferenceLayers::isVolume(std::size_t layer) const {
  return !isClassifier(layer) && !std::holds_alternative<LinearLayer>(architecture_.layers.at(layer));
}

bool InferenceLayers::isRectified(std::size_t layer) const {
  return !isClassifier(layer) && !std::holds_alternative<PoolLayer>(architecture_.layers.at(layer));
}

LayerPass InferenceLayers::apply(const ConvLayer& layer, const at::Tensor& input) const {
  auto y = convolve(input, tensor(layer.name + ".weight"), tensor(layer.name + ".bias"), at::kFloat);
  if (layer.batchNorm) {
    const auto norm = layer.name + "_bn.";
    y = at::batch_norm(y, tensor(norm + "weight"), tensor(norm + "bias"), tensor(norm + "running_mean"),
                       tensor(norm + "running_var"), /*training=*/false, /*momentum=*/0, kBatchNormEpsilon,
                       /*cudnn_enabled=*/true);
  }
  return {input, y.relu(), {}};
}

LayerPass InferenceLayers::apply(const PoolLayer& layer, const at::Tensor& input) {
  auto [output, switches] =
      at::max_pool3d_with_indices(input, layer.kernel, /*stride=*/layer.kernel, paddingOf(layer),
                                  /*dilation=*/1, /*ceil_mode=*/layer.rounding == PoolRounding::Ceil);
  return {input, output, switches};
}

LayerPass InferenceLayers::applyLinear(const std::string& name, const at::Tensor& input) const {
  return {input, at::linear(input.flatten(1), tensor(name + ".weight"), tensor(name + ".bias")), {}};
}

LayerPass InferenceLayers::forward(std::size_t layer, const at::Tensor& input) const {
  if (isClassifier(layer)) return applyLinear(architecture_.classifier, input);
  const auto& kind = architecture_.layers.at(layer);
  if (const auto* conv = std::get_if<ConvLayer>(&kind)) return apply(*conv, input);
  if (const auto* pool = std::get_if<PoolLayer>(&kind)) return apply(*pool, input);
  auto pass = applyLinear(layerName(kind), input);
  pass.output = pass.output.relu();
  return pass;
}

at::Tensor InferenceLayers::takeBack(const ConvLayer& layer, const at::Tensor& signal) const {
  auto scaled = signal;
  if (layer.batchNorm) {
    const auto norm = layer.name + "_bn.";
    const auto factors =
        tensor(norm + "weight").mul(tensor(norm + "running_var").add(kBatchNormEpsilon).rsqrt());
    scaled = signal.mul(factors.view({1, -1, 1, 1, 1}));
  }
  const Size3 padding{layer.kernel[0] / 2, layer.kernel[1] / 2, layer.kernel[2] / 2};
  return at::conv_transpose3d(scaled, tensor(layer.name + ".weight"), /*bias=*/{}, /*stride=*/1, padding);
}

at::Tensor InferenceLayers::takeBack(const LayerPass& pass, const at::Tensor& signal) {
  // Windows do not overlap, so that no place is the maximum of two.
  return at::zeros(pass.input.sizes(), signal.options())
      .flatten(2)
      .scatter(2, pass.switches.flatten(2), signal.flatten(2))
      .view(pass.input.sizes());
}

at::Tensor InferenceLayers::backward(std::size_t layer, const LayerPass& pass,
                                     const at::Tensor& signal) const {
  if (isVolume(layer)) {
    const auto* conv = std::get_if<ConvLayer>(&architecture_.layers.at(layer));
    return conv ? takeBack(*conv, signal) : takeBack(pass, signal);
  }
  return at::linear(signal, tensor(nameOf(layer) + ".weight").t()).view(pass.input.sizes());
}

}  // namespace c3d
