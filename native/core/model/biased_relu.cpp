#include "core/model/biased_relu.h"

#include <torch/csrc/autograd/custom_function.h>

#include "core/cuda/rectified_layers.h"

namespace c3d {
namespace {

class BiasedRelu : public torch::autograd::Function<BiasedRelu> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x,
                            const at::Tensor& bias) {
    auto output = cuda::rectify(x.contiguous(at::MemoryFormat::ChannelsLast3d), bias);
    context->save_for_backward({output});
    return output;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const auto output = context->get_saved_variables()[0];
    const auto of = cuda::rectifyGradients(gradients[0].contiguous(at::MemoryFormat::ChannelsLast3d), output);
    return {of.input, of.bias};
  }
};

}  // namespace

bool canFuseBiasAndRelu(const at::Tensor& x) {
  return cuda::canRectify(x);
}

at::Tensor biasedRelu(const at::Tensor& x, const at::Tensor& bias) {
  return BiasedRelu::apply(x, bias);
}

}  // namespace c3d
