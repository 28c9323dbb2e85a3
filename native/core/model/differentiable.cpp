#include "core/model/differentiable.h"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/graph_task.h>

#include <algorithm>
#include <utility>

namespace c3d {
namespace {

constexpr const char* kOperation = "operation";

/// What a node keeps besides tensors must be one of LibTorch's own values.
struct Holder : torch::CustomClassHolder {
  Holder(std::shared_ptr<const DifferentiableOperation> held, std::size_t count)
      : operation(std::move(held)), inputs(count) {}
  std::shared_ptr<const DifferentiableOperation> operation;
  std::size_t inputs;
};

/// The one that autograd sees. This file alone includes its headers, which take three times as long to
/// compile as those of tensors.
class Node : public torch::autograd::Function<Node> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, at::TensorList inputs,
                            const std::shared_ptr<const DifferentiableOperation>& operation) {
    Tensors saved;
    auto output = operation->forward(inputs.vec(), saved);
    context->save_for_backward(std::move(saved));
    context->saved_data[kOperation] =
        c10::IValue::make_capsule(c10::make_intrusive<Holder>(operation, inputs.size()));
    return output;
  }

  static Tensors backward(torch::autograd::AutogradContext* context, const Tensors& gradients) {
    const auto holder =
        c10::static_intrusive_pointer_cast<Holder>(context->saved_data[kOperation].toCapsule());
    std::vector<bool> wanted;
    for (std::size_t i = 0; i < holder->inputs; ++i) wanted.push_back(context->needs_input_grad(i));
    auto of = holder->operation->backward(gradients[0], context->get_saved_variables(), wanted);
    of.resize(holder->inputs + 1);  // the last is that of `operation`
    return of;
  }
};

}  // namespace

bool needsGradient(const Tensors& inputs) {
  return at::GradMode::is_enabled() && std::any_of(inputs.begin(), inputs.end(), [](const at::Tensor& input) {
           return input.requires_grad();
         });
}

at::Tensor applyWithGradient(std::shared_ptr<const DifferentiableOperation> operation,
                             const Tensors& inputs) {
  return Node::apply(at::TensorList(inputs), operation);
}

bool isLastUse(const at::Tensor& saved) {
  constexpr std::size_t kReferences = 2;  // the node's and the caller's
  return !torch::autograd::get_current_graph_task_keep_graph() && saved.use_count() == kReferences &&
         saved.storage().use_count() == 1;
}

}  // namespace c3d
