#include "core/explanation/deconvolution.h"

#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>

#include <vector>

#include "core/explanation/inference_layers.h"
#include "core/runtime/compute_turn.h"
#include "core/runtime/error.h"

namespace c3d {
namespace {

at::Tensor rectified(const at::Tensor& signal, const LayerPass& pass, BackwardRelu rule) {
  const auto positive = signal.relu();
  return rule == BackwardRelu::Guided ? positive.mul(pass.output.gt(0)) : positive;
}

/// Frame, row and column of places [N] in an output of this shape.
at::Tensor coordinates(const at::Tensor& places, c10::IntArrayRef output) {
  const auto height = output.size() == 5 ? output[3] : 1;
  const auto width = output.size() == 5 ? output[4] : 1;
  return at::stack({places.div(height * width, "floor"), places.div(width, "floor").remainder(height),
                    places.remainder(width)},
                   1);
}

}  // namespace

Deconvolution deconvolve(const C3D& network, const at::Tensor& pixels, std::span<const CropPlace> places,
                         const std::string& layer, std::int64_t filter, BackwardRelu rule,
                         const Cancellation& cancellation) {
  const c10::InferenceMode inference;
  const InferenceLayers layers(network);
  const auto chosen = layers.placeOf(layer);
  const ComputeTurn turn(network.mutex(), network.device(), cancellation);
  std::vector<LayerPass> passes;
  auto x = network.preprocess(pixels, places);
  for (std::size_t i = 0; i <= chosen; ++i) {
    cancellation.throwIfRequested();
    x = passes.emplace_back(layers.forward(i, x)).output;
  }
  if (filter < 0 || filter >= x.size(1))
    throw Error(ErrorCode::InvalidArgument, "Expected a filter from 0 to " + std::to_string(x.size(1) - 1) +
                                                " of '" + layer + "', got " + std::to_string(filter) + ".");
  const auto [activations, at] = x.select(1, filter).reshape({x.size(0), -1}).max(1);
  auto signal = at::zeros({x.size(0), x.size(1), x.numel() / x.size(0) / x.size(1)}, x.options());
  signal.select(1, filter).scatter_(1, at.unsqueeze(1), activations.unsqueeze(1));
  signal = signal.view(x.sizes());
  for (auto i = chosen + 1; i-- > 0;) {
    cancellation.throwIfRequested();
    if (layers.isRectified(i)) signal = rectified(signal, passes[i], rule);
    signal = layers.backward(i, passes[i], signal);
  }
  return {activations.to(at::kCPU), coordinates(at, x.sizes()).to(at::kCPU), signal.to(at::kCPU)};
}

}  // namespace c3d
