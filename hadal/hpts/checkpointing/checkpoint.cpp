#include "hadal/hpts/checkpointing/checkpoint.h"

#include "hadal/hpts/autocast/backward.h"
#include "hadal/hpts/autocast/state.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/Generator.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/engine.h>
#include <torch/csrc/autograd/functions/utils.h>

namespace hadal::hpts {
namespace {

using torch::autograd::variable_list;

/// Puts ATen's random generator into a state, and back when it ends.
class ScopedRandom {
 public:
  explicit ScopedRandom(const at::Tensor& state)
      : generator_(at::detail::getDefaultCPUGenerator()), before_(generator_.get_state()) {
    generator_.set_state(state);
  }
  ~ScopedRandom() { generator_.set_state(before_); }
  ScopedRandom(const ScopedRandom&) = delete;
  ScopedRandom& operator=(const ScopedRandom&) = delete;

 private:
  at::Generator generator_;
  at::Tensor before_;
};

/// Sets tensors back when it ends, as if nobody had written to them.
class Unchanged {
 public:
  explicit Unchanged(const std::vector<at::Tensor>& tensors) : tensors_(tensors) {
    for (const auto& tensor : tensors) copies_.push_back(tensor.detach().clone());
  }
  ~Unchanged() {
    const at::AutoDispatchBelowADInplaceOrView no_new_version;
    for (std::size_t i = 0; i < tensors_.size(); ++i) tensors_[i].copy_(copies_[i]);
  }
  Unchanged(const Unchanged&) = delete;
  Unchanged& operator=(const Unchanged&) = delete;

 private:
  std::vector<at::Tensor> tensors_, copies_;
};

class CheckpointBackward final : public OnceDifferentiable {
 public:
  CheckpointBackward(const TensorFunction& function, const variable_list& inputs,
                     const std::vector<at::Tensor>& buffers)
      : OnceDifferentiable("checkpoint", torch::autograd::collect_next_edges(inputs)),
        function_(function),
        buffers_(buffers),
        random_(at::detail::getDefaultCPUGenerator().get_state()) {
    const auto autocast = current_autocast();
    if (autocast != nullptr) config_ = autocast->config();
    for (const auto& input : inputs) {
      inputs_.push_back(autocast == nullptr ? SavedTensor(input) : SavedTensor(*autocast, input));
      requires_grad_.push_back(input.requires_grad());
    }
  }

  void release_variables() override {
    inputs_.clear();
    function_ = nullptr;
  }

 private:
  variable_list run(variable_list&& grads) override {
    if (!torch::autograd::Engine::get_default_engine().is_checkpoint_valid()) {
      throw InvalidArgument("checkpoint: the gradients of chosen tensors only were asked for",
                            "call backward() on the loss, without inputs");
    }
    variable_list inputs;
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      inputs.push_back(inputs_[i].restore().detach().requires_grad_(requires_grad_[i]));
    }
    variable_list outputs = run_again(inputs);
    variable_list roots, root_grads;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (!grads[i].defined() || !outputs[i].requires_grad()) continue;
      roots.push_back(outputs[i]);
      root_grads.push_back(grads[i]);
    }
    outputs.clear();
    if (!roots.empty()) torch::autograd::backward(roots, root_grads);
    variable_list result;
    for (const auto& input : inputs) result.push_back(input.grad());
    return result;
  }

  variable_list run_again(const variable_list& inputs) const {
    const ScopedRandom random(random_);
    const Unchanged buffers(buffers_);
    const ScopedAutocast autocast(config_ == nullptr ? nullptr
                                                     : std::make_shared<AutocastState>(config_));
    const at::AutoGradMode with_gradients(true);
    return function_(inputs);
  }

  TensorFunction function_;
  std::vector<SavedTensor> inputs_;
  std::vector<bool> requires_grad_;
  std::vector<at::Tensor> buffers_;
  at::Tensor random_;
  std::shared_ptr<const AutocastConfig> config_;
};

}  // namespace

std::vector<at::Tensor> checkpoint(const TensorFunction& function,
                                   const std::vector<at::Tensor>& inputs,
                                   const std::vector<at::Tensor>& buffers) {
  if (!at::GradMode::is_enabled()) return function(inputs);
  auto node = c10::make_intrusive<CheckpointBackward>(function, inputs, buffers);
  std::vector<at::Tensor> outputs;
  const at::NoGradGuard no_grad;
  for (const auto& output : function(inputs)) {
    if (!output.defined() || !output.is_floating_point()) {
      throw InvalidArgument("checkpoint: the function gave something else than floating tensors",
                            "compute the others outside of it");
    }
    // Another tensor than the function's own, which may be one of its inputs.
    outputs.push_back(output.detach());
    torch::autograd::set_history(outputs.back(), node);
  }
  return outputs;
}

}  // namespace hadal::hpts
