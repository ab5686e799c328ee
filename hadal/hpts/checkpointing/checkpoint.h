#pragma once

#include <functional>
#include <vector>

#include <ATen/core/Tensor.h>
#include <torch/nn/pimpl.h>

namespace hadal::hpts {

using TensorFunction = std::function<std::vector<at::Tensor>(const std::vector<at::Tensor>&)>;

/// function(inputs), of which only the inputs are kept for the backward pass: that runs the
/// function once more, from the same state of ATen's random generator and under the same Autocast,
/// and then its backward pass (Chen et al., 2016, "Training Deep Nets with Sublinear Memory Cost").
/// Gradients are those without it, bit for bit where the inputs are kept exact; under Autocast they
/// are kept as its plan says. Calls may nest.
///
/// `buffers`, such as the running statistics of batch norms, are set back after the second run, so
/// that they are updated once. All that the function refers to must live until the backward pass.
/// What comes out requires a gradient, whether the function has parameters that do or not.
///
/// Throws InvalidArgument where the function gives anything but floating tensors, or where the
/// backward pass is asked for the gradients of chosen tensors only (torch::autograd::grad), and
/// Unsupported where it is to be differentiated itself (create_graph).
std::vector<at::Tensor> checkpoint(const TensorFunction& function,
                                   const std::vector<at::Tensor>& inputs,
                                   const std::vector<at::Tensor>& buffers = {});

/// checkpoint() of module->forward(x).
template <class Module>
at::Tensor checkpoint_module(const torch::nn::ModuleHolder<Module>& module, const at::Tensor& x) {
  auto shared = module.ptr();
  return checkpoint(
      [shared](const std::vector<at::Tensor>& inputs) -> std::vector<at::Tensor> {
        return {shared->forward(inputs[0])};
      },
      {x}, shared->buffers())[0];
}

}  // namespace hadal::hpts
