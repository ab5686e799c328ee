#include "hadal/dao/attention_backward.h"

#include "hadal/core/error.h"
#include "hadal/dao/check.h"
#include "hadal/dao/kernels/cuda/attention.h"
#include "hadal/dao/run_backward.h"

#include <c10/core/GradMode.h>

namespace hadal::dao {
namespace {

void check_shape(const at::Tensor& tensor, std::string_view name, at::IntArrayRef sizes,
                 const at::Device& device) {
  if (tensor.defined() && tensor.sizes() == sizes && tensor.device() == device) return;
  throw InvalidArgument(concat(
      "attention_backward: expected ", name, " ", sizes, " on ", device, ", got ",
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
  check_shape(output_grad, "output_grad", query.sizes(), query.device());
  check_shape(result.output, "result.output", query.sizes(), query.device());
  check_shape(result.log_sum_exp, "result.log_sum_exp", rows, query.device());
  if (log_sum_exp_grad.defined())
    check_shape(log_sum_exp_grad, "log_sum_exp_grad", rows, query.device());
#if defined(HADAL_CUDA)
  if (query.is_cuda()) {
    const c10::NoGradGuard no_grad;
    return kernels::cuda::attention_backward(output_grad, log_sum_exp_grad, query, key, value,
                                             result, lists, options);
  }
#endif
  return run_backward(backward_kernel(query.scalar_type()),
                      {query, key, value, batch_sequences(query, key), lists, options},
                      {result.output, result.log_sum_exp, output_grad, log_sum_exp_grad});
}

}  // namespace hadal::dao
