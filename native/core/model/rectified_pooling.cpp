#include "core/model/rectified_pooling.h"

#include <array>
#include <memory>

#include "core/cuda/rectified_layers.h"
#include "core/kernels/rectified_pool.h"
#include "core/model/differentiable.h"
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

/// `bias` may be undefined.
Pooled rectifyAndPool(const PoolSize& size, const at::Tensor& x, const at::Tensor& bias, bool keepWinners) {
  const auto input = x.contiguous(at::MemoryFormat::ChannelsLast3d);
  return input.is_cuda() ? cuda::rectifyAndPool(size, input, bias, keepWinners)
                         : rectifyAndPoolOnCpu(size, input, keepWinners);
}

class RectifiedPool final : public DifferentiableOperation {
 public:
  explicit RectifiedPool(const PoolSize& size) : size_(size) {}

  at::Tensor forward(const Tensors& inputs, Tensors& saved) const override {
    const auto pooled =
        rectifyAndPool(size_, inputs[0], inputs.size() > 1 ? inputs[1] : at::Tensor(), /*keepWinners=*/true);
    saved = {pooled.winners};
    return pooled.output;
  }

  Tensors backward(const at::Tensor& of, const Tensors& saved,
                   const std::vector<bool>& wanted) const override {
    const auto gradient = of.contiguous(at::MemoryFormat::ChannelsLast3d);
    if (!gradient.is_cuda()) return {poolGradientOnCpu(size_, gradient, saved[0]), {}};
    const auto gradients =
        cuda::rectifyAndPoolGradients(size_, gradient, saved[0], /*biasToo=*/wanted.size() > 1);
    return {gradients.input, gradients.bias};
  }

 private:
  PoolSize size_;
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
  const PoolSize size{x.size(0),   x.size(1),      placesOf(x), {output[1], output[2], output[3]},
                      pool.kernel, paddingOf(pool)};
  Tensors inputs{x};
  if (bias.defined()) inputs.push_back(bias);
  if (!needsGradient(inputs)) return rectifyAndPool(size, x, bias, /*keepWinners=*/false).output;
  return applyWithGradient(std::make_shared<RectifiedPool>(size), inputs);
}

}  // namespace c3d
