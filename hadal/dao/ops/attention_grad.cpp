// The gradients of hadal::attention, as calls of operators, so that a tracer sees both directions.
// (hadal/dao/attention_grad.h does the same for lists of blocks, and without a dispatcher.)
#include "hadal/dao/ops/attention.h"

#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/autograd_not_implemented_fallback.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

namespace hadal::dao::ops {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

OptionalTensor if_defined(const at::Tensor& tensor) {
  return tensor.defined() ? OptionalTensor(tensor) : std::nullopt;
}

struct Attention : torch::autograd::Function<Attention> {
  static variable_list forward(AutogradContext* context, const at::Tensor& query,
                               const at::Tensor& key, const at::Tensor& value,
                               const OptionalTensor& block_mask, bool causal,
                               std::optional<double> scale, const OptionalTensor& key_mask) {
    const at::AutoDispatchBelowADInplaceOrView below_autograd;
    const auto [output, log_sum_exp] =
        attention(query, key, value, block_mask, causal, scale, key_mask);
    context->save_for_backward({query, key, value, output, log_sum_exp,
                                block_mask.value_or(at::Tensor()),
                                key_mask.value_or(at::Tensor())});
    context->saved_data["causal"] = causal;
    context->saved_data["scale"] = scale;
    context->set_materialize_grads(false);
    return {output, log_sum_exp};
  }

  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    const variable_list x = context->get_saved_variables();
    const auto [query_grad, key_grad, value_grad] = attention_backward(
        grads[0].defined() ? grads[0] : at::zeros_like(x[3]), if_defined(grads[1]), x[0], x[1],
        x[2], x[3], x[4], if_defined(x[5]), context->saved_data["causal"].toBool(),
        context->saved_data["scale"].toOptional<double>(), if_defined(x[6]));
    return {query_grad, key_grad, value_grad, {}, {}, {}, {}};  // none for masks and numbers
  }
};

TwoTensors attention_autograd(const at::Tensor& query, const at::Tensor& key,
                              const at::Tensor& value, const OptionalTensor& block_mask,
                              bool causal, std::optional<double> scale,
                              const OptionalTensor& key_mask) {
  const variable_list results =
      Attention::apply(query, key, value, block_mask, causal, scale, key_mask);
  return {results[0], results[1]};
}

TORCH_LIBRARY_IMPL(hadal, Autograd, library) {
  library.impl("attention", &attention_autograd);
  // Differentiated once only: the second time says so.
  library.impl("attention_backward", torch::autograd::autogradNotImplementedFallback());
}

}  // namespace
}  // namespace hadal::dao::ops
