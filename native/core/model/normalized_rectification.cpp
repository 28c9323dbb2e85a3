#include "core/model/normalized_rectification.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/graph_task.h>

#include <array>
#include <optional>

#include "core/kernels/normalized_pool.h"
#include "core/kernels/normalized_relu.h"
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

/// Whether the pass that goes on is the last to look at what its node has saved, and nobody else has it.
bool isLastUse(const at::Tensor& saved) {
  constexpr std::size_t kReferences = 2;  // the node's and the caller's
  return !torch::autograd::get_current_graph_task_keep_graph() && saved.use_count() == kReferences &&
         saved.storage().use_count() == 1;
}

class NormalizedRectification : public torch::autograd::Function<NormalizedRectification> {
 public:
  /// The convolution's bias is in the statistics; it is here for its gradient.
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x,
                            const at::Tensor& /*convolutionBias*/, const at::Tensor& weight,
                            const at::Tensor& bias, const at::Tensor& statistics, bool training,
                            const std::optional<Windows>& windows) {
    const auto input = channelsLast(x);
    const auto rectified = rectify(input, normalizationOf(statistics, weight, bias), windows, /*keep=*/true);
    context->save_for_backward({input, weight, bias, statistics, rectified.winners});
    context->saved_data["training"] = training;
    if (windows) {
      context->saved_data["kernel"] = windows->kernel;
      context->saved_data["padding"] = windows->padding;
    }
    return rectified.output;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const auto &input = saved[0], &weight = saved[1], &bias = saved[2], &statistics = saved[3];
    const auto gradient = channelsLast(gradients[0]);
    const auto normalization = normalizationOf(statistics, weight, bias);
    const auto windows = windowsOf(*context, gradient);
    const auto sums = sumsOf(input, normalization, windows, gradient, saved[4]);
    const bool training = context->saved_data["training"].toBool();
    const auto of = gradientsOf(sums, statistics, weight, training ? positionsOf(input) : 0);
    at::Tensor ofInput;
    if (context->needs_input_grad(0)) {
      ofInput = isLastUse(input) ? input.detach() : at::empty_like(input);
      takeBack(input, normalization, of.input, windows, gradient, saved[4], ofInput);
    }
    return {ofInput, of.convolutionBias, of.weight, of.bias, {}, {}, {}};
  }

 private:
  static std::optional<Windows> windowsOf(torch::autograd::AutogradContext& context,
                                          const at::Tensor& gradient) {
    if (context.saved_data.count("kernel") == 0) return std::nullopt;
    const auto three = [&](const char* key) {
      const auto values = context.saved_data[key].toIntVector();
      return Three{values[0], values[1], values[2]};
    };
    return Windows{three("kernel"), three("padding"), placesOf(gradient)};
  }

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
};

at::Tensor normalize(const at::Tensor& x, const BatchNormTensors& norm, bool training,
                     const std::optional<Windows>& windows) {
  const auto input = channelsLast(x);
  const auto statistics = training ? batchStatistics(input, norm) : runningStatistics(norm);
  const bool hasGradient = x.requires_grad() || norm.convolutionBias.requires_grad() ||
                           norm.weight.requires_grad() || norm.bias.requires_grad();
  if (at::GradMode::is_enabled() && hasGradient)
    return NormalizedRectification::apply(input, norm.convolutionBias, norm.weight, norm.bias, statistics,
                                          training, windows);
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
