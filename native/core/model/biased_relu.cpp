#include "core/model/biased_relu.h"

#include <memory>

#include "core/cuda/rectified_layers.h"
#include "core/model/differentiable.h"

namespace c3d {
namespace {

class BiasedRelu final : public DifferentiableOperation {
 public:
  at::Tensor forward(const Tensors& inputs, Tensors& saved) const override {
    auto output = cuda::rectify(inputs[0].contiguous(at::MemoryFormat::ChannelsLast3d), inputs[1]);
    saved = {output};
    return output;
  }

  Tensors backward(const at::Tensor& gradient, const Tensors& saved,
                   const std::vector<bool>& /*wanted*/) const override {
    const auto of = cuda::rectifyGradients(gradient.contiguous(at::MemoryFormat::ChannelsLast3d), saved[0]);
    return {of.input, of.bias};
  }
};

}  // namespace

bool canFuseBiasAndRelu(const at::Tensor& x) {
  return cuda::canRectify(x);
}

at::Tensor biasedRelu(const at::Tensor& x, const at::Tensor& bias) {
  return applyWithGradient(std::make_shared<BiasedRelu>(), {x, bias});
}

}  // namespace c3d
