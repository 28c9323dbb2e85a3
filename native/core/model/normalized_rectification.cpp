#include "core/model/normalized_rectification.h"

#include <ATen/ops/empty_like.h>

#include <array>
#include <memory>
#include <optional>

#include "core/kernels/normalized_pool.h"
#include "core/kernels/normalized_relu.h"
#include "core/model/differentiable.h"
#include "core/model/pooled.h"
#include "core/model/rectified_pooling.h"
#include "core/model/stored_values.h"

namespace c3d {
namespace {

using Three = std::array<std::int64_t, 3>;

at::Tensor channelsLast(const at::Tensor& x) {
  return x.contiguous(at::MemoryFormat::ChannelsLast3d);
}

Three placesOf(const at::Tensor& x) {
  return {x.size(2), x.size(3), x.size(4)};
}

std::int64_t positionsOf(const at::Tensor& x) {
  return x.numel() / x.size(1);
}

/// Of a pool; that there is none is what the functions here take nullopt for.
struct Windows {
  Three kernel, padding, output;

  PoolSize sizeFor(const at::Tensor& input) const {
    return {input.size(0), input.size(1), placesOf(input), output, kernel, padding};
  }
};

Pooled rectify(const at::Tensor& input, const ChannelNormalization& normalization,
               const std::optional<Windows>& windows, bool keep) {
  if (!windows) {
    Pooled rectified{keep ? at::empty_like(input) : input, {}};
    forStored(input, [&]<typename Stored>() {
      normalizedRelu(positionsOf(input), normalization, valuesOf<Stored>(input),
                     mutableValuesOf<Stored>(rectified.output));
    });
    return rectified;
  }
  const auto size = windows->sizeFor(input);
  auto pooled = emptyPooled(size, input, keep);
  forStored(input, [&]<typename Stored>() {
    normalizedPool(size, normalization, valuesOf<Stored>(input), mutableValuesOf<Stored>(pooled.output),
                   keep ? pooled.winners.mutable_data_ptr<std::uint8_t>() : nullptr);
  });
  return pooled;
}

/// Of the convolution's output, its bias, and the weight and bias of the norm. The convolution's bias is in
/// the statistics; it is here for its gradient.
class NormalizedRectification final : public DifferentiableOperation {
 public:
  NormalizedRectification(const at::Tensor& statistics, bool training, const std::optional<Windows>& windows)
      : statistics_(statistics), training_(training), windows_(windows) {}

  at::Tensor forward(const Tensors& inputs, Tensors& saved) const override {
    const auto &input = inputs[0], &weight = inputs[2], &bias = inputs[3];
    const auto rectified =
        rectify(input, normalizationOf(statistics_, weight, bias), windows_, /*keep=*/true);
    saved = {input, weight, bias, rectified.winners};
    return rectified.output;
  }

  Tensors backward(const at::Tensor& of, const Tensors& saved,
                   const std::vector<bool>& wanted) const override {
    const auto &input = saved[0], &weight = saved[1], &bias = saved[2], &winners = saved[3];
    const auto gradient = channelsLast(of);
    const auto normalization = normalizationOf(statistics_, weight, bias);
    const auto sums = sumsOf(input, normalization, windows_, gradient, winners);
    const auto gradients = gradientsOf(sums, statistics_, weight, training_ ? positionsOf(input) : 0);
    at::Tensor ofInput;
    if (wanted[0]) {
      ofInput = isLastUse(input) ? input.detach() : at::empty_like(input);
      takeBack(input, normalization, gradients.input, windows_, gradient, winners, ofInput);
    }
    return {ofInput, gradients.convolutionBias, gradients.weight, gradients.bias};
  }

 private:
  static NormalizationSums sumsOf(const at::Tensor& input, const ChannelNormalization& normalization,
                                  const std::optional<Windows>& windows, const at::Tensor& gradient,
                                  const at::Tensor& winners) {
    return forStored(input, [&]<typename Stored>() {
      const auto *values = valuesOf<Stored>(input), *gradients = valuesOf<Stored>(gradient);
      if (!windows) return normalizedReluSums(positionsOf(input), normalization, values, gradients);
      return normalizedPoolSums(windows->sizeFor(input), normalization, values, gradients,
                                winners.const_data_ptr<std::uint8_t>());
    });
  }

  static void takeBack(const at::Tensor& input, const ChannelNormalization& normalization,
                       const NormalizationGradient& of, const std::optional<Windows>& windows,
                       const at::Tensor& gradient, const at::Tensor& winners, const at::Tensor& ofInput) {
    forStored(input, [&]<typename Stored>() {
      const auto *values = valuesOf<Stored>(input), *gradients = valuesOf<Stored>(gradient);
      auto* to = mutableValuesOf<Stored>(ofInput);
      if (!windows)
        return normalizedReluGradient(positionsOf(input), normalization, of, values, gradients, to);
      normalizedPoolGradient(windows->sizeFor(input), normalization, of, values, gradients,
                             winners.const_data_ptr<std::uint8_t>(), to);
    });
  }

  at::Tensor statistics_;
  bool training_;
  std::optional<Windows> windows_;
};

at::Tensor normalize(const at::Tensor& x, const BatchNormTensors& norm, bool training,
                     const std::optional<Windows>& windows) {
  const auto input = channelsLast(x);
  const auto statistics = training ? batchStatistics(input, norm) : runningStatistics(norm);
  const Tensors inputs{input, norm.convolutionBias, norm.weight, norm.bias};
  if (needsGradient(inputs))
    return applyWithGradient(std::make_shared<NormalizedRectification>(statistics, training, windows),
                             inputs);
  return rectify(input, normalizationOf(statistics, norm.weight, norm.bias), windows, /*keep=*/false).output;
}

}  // namespace

bool canNormalizeAndRectify(const at::Device& device, at::ScalarType type) {
  return device.is_cpu() && (type == at::kFloat || type == at::kBFloat16);
}

at::Tensor normalizeAndRelu(const at::Tensor& x, const BatchNormTensors& norm, bool training) {
  return normalize(x, norm, training, std::nullopt);
}

at::Tensor normalizeReluAndPool(const at::Tensor& x, const BatchNormTensors& norm, bool training,
                                const PoolLayer& pool, const std::vector<std::int64_t>& output) {
  return normalize(x, norm, training,
                   Windows{pool.kernel, paddingOf(pool), {output[1], output[2], output[3]}});
}

}  // namespace c3d
