#include "hadal/hpts/optimizer/step_in_backward.h"

#include "hadal/core/error.h"

#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

namespace hadal::hpts {

namespace autograd = torch::autograd::impl;

/// Runs when a backward has added up a parameter's gradient. (Python's
/// register_post_accumulate_grad_hook is made of the same.)
class StepInBackward::Hook : public torch::autograd::PostAccumulateGradHook {
 public:
  Hook(Optimizer& optimizer, std::size_t parameter)
      : optimizer_(optimizer), parameter_(parameter) {}

  void operator()(const at::Tensor& tensor) override {
    optimizer_.move({parameter_});
    tensor.mutable_grad() = at::Tensor();
  }

 private:
  Optimizer& optimizer_;
  std::size_t parameter_;
};

bool is_moved_in_backward(const at::Tensor& parameter) {
  return dynamic_cast<StepInBackward::Hook*>(autograd::post_acc_grad_hooks(parameter).get());
}

StepInBackward::StepInBackward(Optimizer& optimizer) : optimizer_(optimizer) {
  for (const auto& [name, tensor] : optimizer.named_parameters()) {
    const char* problem = !tensor.is_leaf() || !tensor.requires_grad() ? "needs no gradient"
                          : tensor.grad().defined()                    ? "has a gradient already"
                          : autograd::post_acc_grad_hooks(tensor)      ? "has a hook already"
                                                                       : nullptr;
    if (problem) {
      throw InvalidArgument(concat("StepInBackward: the parameter \"", name, "\" ", problem));
    }
  }
  for (std::size_t i = 0; i < optimizer.named_parameters().size(); ++i) {
    autograd::set_post_acc_grad_hooks(optimizer.named_parameters()[i].tensor,
                                      std::make_unique<Hook>(optimizer, i));
  }
  optimizer.in_backward_ = true;
}

StepInBackward::~StepInBackward() {
  for (const auto& parameter : optimizer_.named_parameters()) {
    autograd::set_post_acc_grad_hooks(parameter.tensor, nullptr);
  }
  optimizer_.in_backward_ = false;
}

}  // namespace hadal::hpts
