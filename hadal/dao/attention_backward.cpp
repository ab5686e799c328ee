#include "hadal/dao/attention_backward.h"

#include "hadal/core/error.h"
#include "hadal/dao/check.h"
#include "hadal/dao/run_backward.h"

namespace hadal::dao {
namespace {

void check_shape(const at::Tensor& tensor, std::string_view name, at::IntArrayRef sizes) {
  if (tensor.defined() && tensor.sizes() == sizes && tensor.is_cpu()) return;
  throw InvalidArgument(concat(
      "attention_backward: expected ", name, " ", sizes, " on the CPU, got ",
      tensor.defined() ? concat(tensor.sizes(), " on ", tensor.device()) : "an undefined tensor"));
}

}  // namespace

AttentionGradients attention_backward(const at::Tensor& output_grad,
                                      const at::Tensor& log_sum_exp_grad, const at::Tensor& query,
                                      const at::Tensor& key, const at::Tensor& value,
                                      const AttentionResult& result,
                                      const std::optional<BlockLists>& lists,
                                      const AttentionOptions& options) {
  check_attention(query, key, value, lists, options);
  const auto rows = query.sizes().slice(0, 3);
  check_shape(output_grad, "output_grad", query.sizes());
  check_shape(result.output, "result.output", query.sizes());
  check_shape(result.log_sum_exp, "result.log_sum_exp", rows);
  if (log_sum_exp_grad.defined()) check_shape(log_sum_exp_grad, "log_sum_exp_grad", rows);
  return run_backward(backward_kernel(query.scalar_type()),
                      {query, key, value, batch_sequences(query, key), lists, options},
                      {result.output, result.log_sum_exp, output_grad, log_sum_exp_grad});
}

}  // namespace hadal::dao
