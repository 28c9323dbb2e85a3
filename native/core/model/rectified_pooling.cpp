#include "core/model/rectified_pooling.h"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <array>
#include <optional>

#include "core/cuda/rectified_layers.h"
#include "core/kernels/rectified_pool.h"
#include "core/model/pooled.h"

namespace c3d {
namespace {

constexpr std::int64_t kLargestWindow = kNoElement;  // elements that a byte can tell apart

PoolType typeOf(const at::Tensor& x) {
  return x.scalar_type() == at::kFloat ? PoolType::Float32 : PoolType::BFloat16;
}

std::array<std::int64_t, 3> placesOf(const at::Tensor& x) {
  return {x.size(2), x.size(3), x.size(4)};
}

PoolSize sizeOf(const at::Tensor& input, const std::array<std::int64_t, 3>& output, const PoolLayer& pool) {
  return {input.size(0), input.size(1), placesOf(input), output, pool.kernel, paddingOf(pool)};
}

Pooled rectifyAndPoolOnCpu(const PoolSize& size, const at::Tensor& input, bool keepWinners) {
  auto pooled = emptyPooled(size, input, keepWinners);
  rectifiedPool(size, typeOf(input), input.const_data_ptr(), pooled.output.mutable_data_ptr(),
                keepWinners ? pooled.winners.mutable_data_ptr<std::uint8_t>() : nullptr);
  return pooled;
}

at::Tensor poolGradientOnCpu(const PoolSize& size, const at::Tensor& gradient, const at::Tensor& winners) {
  auto inputGradient = emptyActivations(gradient, size.input);
  rectifiedPoolGradient(size, typeOf(gradient), gradient.const_data_ptr(),
                        winners.const_data_ptr<std::uint8_t>(), inputGradient.mutable_data_ptr());
  return inputGradient;
}

class RectifiedPool : public torch::autograd::Function<RectifiedPool> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x,
                            const std::optional<at::Tensor>& bias, const PoolLayer& pool,
                            const std::array<std::int64_t, 3>& outputPlaces, bool keepWinners) {
    const auto input = x.contiguous(at::MemoryFormat::ChannelsLast3d);
    const auto size = sizeOf(input, outputPlaces, pool);
    const auto pooled = input.is_cuda()
                            ? cuda::rectifyAndPool(size, input, bias.value_or(at::Tensor()), keepWinners)
                            : rectifyAndPoolOnCpu(size, input, keepWinners);
    if (keepWinners) {
      context->save_for_backward({pooled.winners});
      context->saved_data["inputPlaces"] = std::vector<std::int64_t>(size.input.begin(), size.input.end());
      context->saved_data["kernel"] = std::vector<std::int64_t>(size.kernel.begin(), size.kernel.end());
      context->saved_data["padding"] = std::vector<std::int64_t>(size.padding.begin(), size.padding.end());
      context->saved_data["hasBias"] = bias.has_value();
    }
    return pooled.output;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const auto winners = context->get_saved_variables()[0];
    const auto gradient = gradients[0].contiguous(at::MemoryFormat::ChannelsLast3d);
    const auto three = [&](const char* key) {
      const auto values = context->saved_data[key].toIntVector();
      return std::array{values[0], values[1], values[2]};
    };
    const PoolSize size{gradient.size(0),   gradient.size(1), three("inputPlaces"),
                        placesOf(gradient), three("kernel"),  three("padding")};
    if (!gradient.is_cuda()) return {poolGradientOnCpu(size, gradient, winners), {}, {}, {}, {}};
    const auto of =
        cuda::rectifyAndPoolGradients(size, gradient, winners, context->saved_data["hasBias"].toBool());
    return {of.input, of.bias, {}, {}, {}};
  }
};

}  // namespace

std::array<std::int64_t, 3> paddingOf(const PoolLayer& pool) {
  if (pool.rounding == PoolRounding::Pad) return {0, 1, 1};
  return {0, 0, 0};
}

bool canFuseReluAndPool(const at::Tensor& x, const PoolLayer& pool) {
  const bool onCpu = x.is_cpu() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
  return (onCpu || cuda::canRectify(x)) && pool.kernel[0] * pool.kernel[1] * pool.kernel[2] <= kLargestWindow;
}

at::Tensor reluAndPool(const at::Tensor& x, const at::Tensor& bias, const PoolLayer& pool,
                       const std::vector<std::int64_t>& output) {
  const std::array places{output[1], output[2], output[3]};
  const bool hasGradient = x.requires_grad() || (bias.defined() && bias.requires_grad());
  const auto added = bias.defined() ? std::optional(bias) : std::nullopt;
  return RectifiedPool::apply(x, added, pool, places, at::GradMode::is_enabled() && hasGradient);
}

}  // namespace c3d
