#include "core/model/convolution_check.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/empty.h>

#include <cmath>
#include <limits>
#include <vector>

#include "core/model/convolution.h"

namespace c3d {
namespace {

constexpr std::int64_t kClips = 2;
constexpr std::uint64_t kSeed = 1;

struct Operands {
  at::Tensor input, weight, bias, outputGradient;
};

struct Results {
  at::Tensor output, inputGradient, weightGradient;
};

Operands drawOperands(const ConvolutionShape& shape, const at::Device& device) {
  const auto& [channels, filters, kernel, size] = shape;
  const auto generator = at::detail::createCPUGenerator(kSeed);
  const auto draw = [&](const std::vector<std::int64_t>& sizes, double deviation) {
    const auto format = sizes.size() == 5 ? at::MemoryFormat::ChannelsLast3d : at::MemoryFormat::Contiguous;
    return at::empty(sizes, at::kFloat, format).normal_(0, deviation, generator).to(device);
  };
  const auto fanIn = static_cast<double>(channels * kernel[0] * kernel[1] * kernel[2]);
  return {draw({kClips, channels, size[0], size[1], size[2]}, 1),
          draw({filters, channels, kernel[0], kernel[1], kernel[2]}, 1 / std::sqrt(fanIn)),
          draw({filters}, 1), draw({kClips, filters, size[0], size[1], size[2]}, 1)};
}

Results compute(const Operands& operands, at::ScalarType type) {
  const auto input = operands.input.detach().requires_grad_();
  const auto weight = operands.weight.detach().requires_grad_();
  const auto output = convolve(input, weight, operands.bias, type);
  output.backward(operands.outputGradient.to(type));
  return {output.detach(), input.grad(), weight.grad()};
}

double relativeError(const at::Tensor& actual, const at::Tensor& expected) {
  const auto difference = actual.to(at::kFloat).sub_(expected).norm().item<double>();
  const auto error = difference / expected.norm().item<double>();
  return std::isfinite(error) ? error : std::numeric_limits<double>::infinity();
}

}  // namespace

ConvolutionErrors checkConvolution(const ConvolutionShape& shape, Precision precision,
                                   const at::Device& device) {
  const auto operands = drawOperands(shape, device);
  const auto expected = compute(operands, at::kFloat);
  const auto actual = compute(operands, scalarType(precision));
  return {relativeError(actual.output, expected.output),
          relativeError(actual.inputGradient, expected.inputGradient),
          relativeError(actual.weightGradient, expected.weightGradient)};
}

}  // namespace c3d
