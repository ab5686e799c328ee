#include "hadal/dao/differentiable.h"

#include "hadal/core/error.h"
#include "hadal/dao/attention_backward.h"
#include "hadal/dao/compute.h"
#include "hadal/dao/run_backward.h"
#include "hadal/dao/run_forward.h"

#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>

namespace hadal::dao {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

/// What the backward pass keeps.
struct Saved {
  at::Tensor query, key, value;
  AttentionResult result;
  CuSeqlens lengths;
  std::optional<BlockLists> lists;
  AttentionOptions options;

  bool is_batch() const { return !lengths.queries.defined(); }
  Inputs inputs() const {
    return {query, key, value, sequences_of(query, key, lengths), lists, options};
  }
};

void save(AutogradContext* context, const Saved& x) {
  const BlockLists lists = x.lists.value_or(BlockLists{});
  context->save_for_backward({x.query, x.key, x.value, x.result.output, x.result.log_sum_exp,
                              x.lengths.queries, x.lengths.keys, lists.offsets, lists.blocks,
                              x.options.key_mask.value_or(at::Tensor())});
  context->saved_data["causal"] = x.options.causal;
  context->saved_data["scale"] = scale_of(x.options, x.query.size(3));
}

Saved saved_by(AutogradContext* context) {
  const variable_list x = context->get_saved_variables();
  std::optional<BlockLists> lists;
  if (x[7].defined()) lists = {x[7], x[8]};
  std::optional<at::Tensor> key_mask;
  if (x[9].defined()) key_mask = x[9];
  return {.query = x[0],
          .key = x[1],
          .value = x[2],
          .result = {x[3], x[4]},
          .lengths = {x[5], x[6]},
          .lists = lists,
          .options = {.causal = context->saved_data["causal"].toBool(),
                      .scale = context->saved_data["scale"].toDouble(),
                      .key_mask = key_mask}};
}

/// The gradients, as a function of all that they depend on, which has none itself.
struct Backward : Function<Backward> {
  static variable_list forward(AutogradContext*, const at::Tensor& output_grad,
                               const std::optional<at::Tensor>& log_sum_exp_grad,
                               const at::Tensor& query, const at::Tensor& key,
                               const at::Tensor& value, const Saved& x) {
    const at::Tensor log_sum_exp = log_sum_exp_grad.value_or(at::Tensor());
    const AttentionGradients gradients =
        x.is_batch()
            ? attention_backward(output_grad, log_sum_exp, query, key, value, x.result, x.lists,
                                 x.options)
            : run_backward(backward_kernel(query.scalar_type()), x.inputs(),
                           {x.result.output, x.result.log_sum_exp, output_grad, log_sum_exp});
    return {gradients.query, gradients.key, gradients.value};
  }

  static variable_list backward(AutogradContext*, const variable_list&) {
    throw Unsupported(
        "attention: it can be differentiated once only; for higher derivatives use "
        "explicit_attention");
  }
};

struct Attention : Function<Attention> {
  static variable_list forward(AutogradContext* context, const at::Tensor& query,
                               const at::Tensor& key, const at::Tensor& value,
                               const CuSeqlens& lengths, const std::optional<BlockLists>& lists,
                               const AttentionOptions& options) {
    Saved x{query, key, value, {}, lengths, lists, options};
    if (x.is_batch()) {
      x.result = attention_forward(query, key, value, lists, options);
    } else {
      x.result =
          run_forward(forward_kernel(query.scalar_type()), x.inputs(), /*tokens_first=*/true);
      x.result.output = x.result.output.to(query.scalar_type());
    }
    save(context, x);
    context->set_materialize_grads(false);
    return {x.result.output, x.result.log_sum_exp};
  }

  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    const Saved x = saved_by(context);
    const at::Tensor output_grad = grads[0].defined() ? grads[0] : at::zeros_like(x.result.output);
    std::optional<at::Tensor> log_sum_exp_grad;
    if (grads[1].defined()) log_sum_exp_grad = grads[1];
    variable_list inputs =
        Backward::apply(output_grad, log_sum_exp_grad, x.query, x.key, x.value, x);
    inputs.resize(6);  // none for the lengths, the lists and the options
    return inputs;
  }
};

}  // namespace

AttentionResult differentiable_attention(const at::Tensor& query, const at::Tensor& key,
                                         const at::Tensor& value, const CuSeqlens& lengths,
                                         const std::optional<BlockLists>& lists,
                                         const AttentionOptions& options) {
  const variable_list results = Attention::apply(query, key, value, lengths, lists, options);
  return {results[0], results[1]};
}

}  // namespace hadal::dao
