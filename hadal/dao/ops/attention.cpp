// hadal::attention and hadal::attention_backward on the CPU and on tensors without data.
#include "hadal/dao/ops/attention.h"

#include "hadal/dao/attention.h"
#include "hadal/dao/attention_backward.h"
#include "hadal/dao/ops/block_mask.h"
#include "hadal/dao/ops/translate.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/empty.h>
#include <torch/library.h>

namespace hadal::dao::ops {
namespace {

TwoTensors attention_cpu(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                         const OptionalTensor& block_mask, bool causal, std::optional<double> scale,
                         const OptionalTensor& key_mask) {
  return translating_errors([&]() -> TwoTensors {
    const AttentionResult result =
        attention_forward(query, key, value, lists_of(block_mask, query, key),
                          {.causal = causal, .scale = scale, .key_mask = key_mask});
    return {result.output, result.log_sum_exp};
  });
}

ThreeTensors attention_backward_cpu(const at::Tensor& output_grad,
                                    const OptionalTensor& log_sum_exp_grad, const at::Tensor& query,
                                    const at::Tensor& key, const at::Tensor& value,
                                    const at::Tensor& output, const at::Tensor& log_sum_exp,
                                    const OptionalTensor& block_mask, bool causal,
                                    std::optional<double> scale, const OptionalTensor& key_mask) {
  return translating_errors([&]() -> ThreeTensors {
    const AttentionGradients gradients =
        dao::attention_backward(output_grad, log_sum_exp_grad.value_or(at::Tensor()), query, key,
                                value, {output, log_sum_exp}, lists_of(block_mask, query, key),
                                {.causal = causal, .scale = scale, .key_mask = key_mask});
    return {gradients.query, gradients.key, gradients.value};
  });
}

at::Tensor contiguous_like(const at::Tensor& tensor) {
  return at::empty_symint(tensor.sym_sizes(), tensor.options());
}

TwoTensors attention_meta(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                          const OptionalTensor&, bool, std::optional<double>,
                          const OptionalTensor&) {
  TORCH_CHECK_VALUE(query.dim() == 4 && key.dim() == 4 && value.dim() == 4,
                    "attention: expected [batch, heads, tokens, head_dim] each, got query ",
                    query.sym_sizes(), ", key ", key.sym_sizes(), ", value ", value.sym_sizes());
  return {contiguous_like(query),
          at::empty_symint(query.sym_sizes().slice(0, 3), query.options().dtype(at::kFloat))};
}

ThreeTensors attention_backward_meta(const at::Tensor&, const OptionalTensor&,
                                     const at::Tensor& query, const at::Tensor& key,
                                     const at::Tensor& value, const at::Tensor&, const at::Tensor&,
                                     const OptionalTensor&, bool, std::optional<double>,
                                     const OptionalTensor&) {
  return {contiguous_like(query), contiguous_like(key), contiguous_like(value)};
}

}  // namespace

TwoTensors attention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                     const OptionalTensor& block_mask, bool causal, std::optional<double> scale,
                     const OptionalTensor& key_mask) {
  static const auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("hadal::attention", "")
                             .typed<decltype(attention_cpu)>();
  return op.call(query, key, value, block_mask, causal, scale, key_mask);
}

ThreeTensors attention_backward(const at::Tensor& output_grad,
                                const OptionalTensor& log_sum_exp_grad, const at::Tensor& query,
                                const at::Tensor& key, const at::Tensor& value,
                                const at::Tensor& output, const at::Tensor& log_sum_exp,
                                const OptionalTensor& block_mask, bool causal,
                                std::optional<double> scale, const OptionalTensor& key_mask) {
  static const auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("hadal::attention_backward", "")
                             .typed<decltype(attention_backward_cpu)>();
  return op.call(output_grad, log_sum_exp_grad, query, key, value, output, log_sum_exp, block_mask,
                 causal, scale, key_mask);
}

TORCH_LIBRARY_IMPL(hadal, CPU, library) {
  library.impl("attention", &attention_cpu);
  library.impl("attention_backward", &attention_backward_cpu);
}

TORCH_LIBRARY_IMPL(hadal, Meta, library) {
  library.impl("attention", &attention_meta);
  library.impl("attention_backward", &attention_backward_meta);
}

}  // namespace hadal::dao::ops
