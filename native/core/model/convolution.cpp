#include "core/model/convolution.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv3d.h>
#include <ATen/ops/convolution_backward.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

#include <array>
#include <memory>
#include <optional>

#include "core/kernels/channel_sums.h"
#include "core/kernels/narrow_convolution.h"
#include "core/kernels/weight_gradient.h"
#include "core/kernels/winograd.h"
#include "core/model/differentiable.h"
#include "core/model/precision.h"
#include "core/model/stored_values.h"

namespace c3d {
namespace {

using Padding = std::array<std::int64_t, 3>;

Padding paddingOf(const at::Tensor& weight) {
  return {weight.size(2) / 2, weight.size(3) / 2, weight.size(4) / 2};
}

/// oneDNN's weight gradient of a bfloat16 convolution (LibTorch 2.13.0 and 2.14.1, jit_bf16:avx512_core_bf16)
/// is uninitialised memory, and can corrupt the heap, where the input has at least two frames but fewer than
/// the kernel. It is right when the frames are padded beforehand.
bool needsPaddedFrames(const at::Tensor& x, std::int64_t kernelDepth) {
  return x.is_cpu() && x.scalar_type() != at::kFloat && x.size(2) > 1 && x.size(2) < kernelDepth;
}

at::Tensor channelsLast(const at::Tensor& x) {
  return x.contiguous(at::MemoryFormat::ChannelsLast3d);
}

ConvolutionSize sizeOf(const at::Tensor& x, const at::Tensor& weight) {
  return {x.size(0),
          x.size(1),
          weight.size(0),
          x.size(2),
          x.size(3),
          x.size(4),
          {weight.size(2), weight.size(3), weight.size(4)}};
}

at::Tensor transformWeights(const ConvolutionSize& size, const at::Tensor& weights) {
  auto points = at::empty({winogradWeightPoints(size)}, weights.options(), at::MemoryFormat::Contiguous);
  winogradTransformWeights(size, weights.const_data_ptr<float>(), points.mutable_data_ptr<float>());
  return points;
}

at::Tensor emptyOutput(const ConvolutionSize& size, const at::Tensor& input) {
  return at::empty({size.clips, size.outChannels, size.frames, size.height, size.width}, input.options(),
                   at::MemoryFormat::ChannelsLast3d);
}

void filter(const ConvolutionSize& size, const at::Tensor& input, const at::Tensor& weightPoints,
            const at::Tensor& bias, const at::Tensor& output) {
  forStored(input, [&]<typename Stored>() {
    winogradConvolution(size, valuesOf<Stored>(input), weightPoints.const_data_ptr<float>(),
                        bias.const_data_ptr<float>(), mutableValuesOf<Stored>(output));
  });
}

at::Tensor convolveInFloat32(const ConvolutionSize& size, const at::Tensor& input, const at::Tensor& weights,
                             const at::Tensor& bias) {
  if (hasNarrowConvolution(size)) {
    auto output = emptyOutput(size, input);
    forStored(input, [&]<typename Stored>() {
      narrowConvolution(size, valuesOf<Stored>(input), weights.const_data_ptr<float>(),
                        bias.const_data_ptr<float>(), mutableValuesOf<Stored>(output));
    });
    return output;
  }
  if (hasWinograd(size)) {
    // Before the points, which would leave a hole behind it when they are freed.
    auto output = emptyOutput(size, input);
    filter(size, input, transformWeights(size, weights), bias, output);
    return output;
  }
  return at::conv3d(input.to(at::kFloat), weights, bias, /*stride=*/1, paddingOf(weights))
      .to(input.scalar_type());
}

/// The convolution in float32 on the CPU, of activations in float32 or bfloat16, with the kernels of this
/// project where they are faster than LibTorch's.
class Convolution final : public DifferentiableOperation {
 public:
  at::Tensor forward(const Tensors& inputs, Tensors& saved) const override {
    const auto input = channelsLast(inputs[0]);
    const auto weights = channelsLast(inputs[1]);
    saved = {input, weights};
    return convolveInFloat32(sizeOf(input, weights), input, weights, inputs[2]);
  }

  Tensors backward(const at::Tensor& of, const Tensors& saved,
                   const std::vector<bool>& wanted) const override {
    const auto &input = saved[0], &weights = saved[1];
    const auto gradient = channelsLast(of);
    at::Tensor ofInput, ofWeights, ofBias;
    if (wanted[0]) ofInput = inputGradient(gradient, input, weights);
    if (wanted[1]) ofWeights = weightGradientOf(gradient, input, weights);
    if (wanted[2]) ofBias = biasGradient(gradient);
    return {ofInput, ofWeights, ofBias};
  }

 private:
  static std::array<at::Tensor, 3> libTorchGradients(const at::Tensor& gradient, const at::Tensor& input,
                                                     const at::Tensor& weights, std::array<bool, 3> wanted) {
    const auto [ofInput, ofWeights, ofBias] =
        at::convolution_backward(gradient.to(at::kFloat), input.to(at::kFloat), weights,
                                 at::OptionalIntArrayRef{}, /*stride=*/{1, 1, 1}, paddingOf(weights),
                                 /*dilation=*/{1, 1, 1}, /*transposed=*/false,
                                 /*output_padding=*/{0, 0, 0}, /*groups=*/1, wanted);
    return {ofInput, ofWeights, ofBias};
  }

  static at::Tensor inputGradient(const at::Tensor& gradient, const at::Tensor& input,
                                  const at::Tensor& weights) {
    const auto size = sizeOf(input, weights);
    if (!hasWinograd(size))
      return libTorchGradients(gradient, input, weights, {true, false, false})[0].to(input.scalar_type());
    auto ofInput = at::empty_like(input);
    forStored(gradient, [&]<typename Stored>() {
      winogradInputGradient(size, valuesOf<Stored>(gradient), weights.const_data_ptr<float>(),
                            mutableValuesOf<Stored>(ofInput));
    });
    return ofInput;
  }

  static at::Tensor weightGradientOf(const at::Tensor& gradient, const at::Tensor& input,
                                     const at::Tensor& weights) {
    const auto size = sizeOf(input, weights);
    const bool narrow = hasNarrowConvolution(size);
    const bool winograd = hasWinograd(size);
    if (!narrow && !winograd && !hasWeightGradient())
      return libTorchGradients(gradient, input, weights, {false, true, false})[1];
    auto ofWeights = at::empty_like(weights);
    forStored(gradient, [&]<typename Stored>() {
      const auto compute = narrow     ? narrowWeightGradient<Stored>
                           : winograd ? winogradWeightGradient<Stored>
                                      : weightGradient<Stored>;
      compute(size, valuesOf<Stored>(input), valuesOf<Stored>(gradient), ofWeights.mutable_data_ptr<float>());
    });
    return ofWeights;
  }

  static at::Tensor biasGradient(const at::Tensor& gradient) {
    auto sums = at::empty({gradient.size(1)}, gradient.options().dtype(at::kFloat));
    forStored(gradient, [&]<typename Stored>() {
      channelSums(valuesOf<Stored>(gradient), gradient.numel() / gradient.size(1), gradient.size(1),
                  sums.mutable_data_ptr<float>());
    });
    return sums;
  }
};

/// Without gradients, for weights that may be the same the next time.
at::Tensor infer(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                 PreparedWeights& prepared) {
  const auto input = channelsLast(x);
  const auto weights = channelsLast(weight);
  const auto size = sizeOf(input, weights);
  if (hasNarrowConvolution(size) || !hasWinograd(size)) return convolveInFloat32(size, input, weights, bias);
  const auto& points = prepared.of(weight, at::kFloat, [&] { return transformWeights(size, weights); });
  auto output = emptyOutput(size, input);
  filter(size, input, points, bias, output);
  return output;
}

}  // namespace

at::Tensor convolve(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                    at::ScalarType type, PreparedWeights* prepared) {
  auto input = x.to(type);
  if (x.is_cpu() && computesInFloat32(x.device(), type)) {
    if (prepared != nullptr && !at::GradMode::is_enabled()) return infer(input, weight, bias, *prepared);
    if (prepared != nullptr) prepared->release();
    return applyWithGradient(std::make_shared<Convolution>(), {input, weight, bias});
  }
  auto padding = paddingOf(weight);
  if (needsPaddedFrames(input, weight.size(2))) {
    input = at::constant_pad_nd(input, {0, 0, 0, 0, padding[0], padding[0]});  // from the last dimension on
    padding[0] = 0;
  }
  const auto added = bias.defined() ? std::optional(bias.to(type)) : std::nullopt;
  return at::conv3d(input, roundedWeights(weight, type, prepared), added, /*stride=*/1, padding);
}

}  // namespace c3d
