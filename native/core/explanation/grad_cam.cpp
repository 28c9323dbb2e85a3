#include "core/explanation/grad_cam.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/full.h>
#include <ATen/ops/upsample_trilinear3d.h>

#include "core/explanation/inference_layers.h"
#include "core/runtime/compute_turn.h"
#include "core/runtime/error.h"

namespace c3d {
namespace {

at::Tensor labelsOf(const at::Tensor& logits, std::int64_t label) {
  if (label < 0) return logits.argmax(1);
  if (label >= logits.size(1))
    throw Error(ErrorCode::InvalidArgument,
                "There is no class " + std::to_string(label) + " of " + std::to_string(logits.size(1)) + ".");
  return at::full({logits.size(0)}, label, logits.options().dtype(at::kLong));
}

}  // namespace

GradCam gradCam(const C3D& network, const at::Tensor& pixels, std::span<const CropPlace> places,
                const std::string& layer, std::int64_t label, const Cancellation& cancellation) {
  const InferenceLayers layers(network);
  const auto chosen = layers.placeOf(layer);
  if (!layers.isVolume(chosen))
    throw Error(ErrorCode::InvalidArgument,
                "Expected a convolution or a pool, whose activations have places in "
                "time and space, got '" +
                    layer + "'.");
  const ComputeTurn turn(network.mutex(), network.device(), cancellation);
  at::Tensor activations;
  {
    const at::NoGradGuard noGrad;
    activations = network.preprocess(pixels, places);
    for (std::size_t i = 0; i <= chosen; ++i) {
      cancellation.throwIfRequested();
      activations = layers.forward(i, activations).output;
    }
  }
  activations.requires_grad_();
  auto logits = activations;
  for (auto i = chosen + 1; i < layers.count(); ++i) {
    cancellation.throwIfRequested();
    logits = layers.forward(i, logits).output;
  }
  const auto labels = labelsOf(logits.detach(), label);
  // Clips do not mix, so that the gradient of the sum holds each one's own.
  logits.gather(1, labels.unsqueeze(1)).sum().backward();

  const at::NoGradGuard noGrad;
  const auto weights = activations.grad().mean({2, 3, 4}, /*keepdim=*/true);
  const auto maps = weights.mul(activations).sum(1, /*keepdim=*/true).relu();
  const auto& clip = network.architecture();
  const auto heat =
      at::upsample_trilinear3d(maps, {clip.frames, clip.height, clip.width}, /*align_corners=*/false);
  return {logits.detach().to(at::kCPU), labels.to(at::kCPU), maps.squeeze(1).to(at::kCPU),
          heat.squeeze(1).to(at::kCPU)};
}

}  // namespace c3d
