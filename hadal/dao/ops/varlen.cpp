// hadal::attention_varlen.
#include "hadal/dao/varlen.h"

#include "hadal/dao/ops/attention.h"
#include "hadal/dao/ops/translate.h"
#include "hadal/dao/select/selector.h"

#include <ATen/ops/empty.h>
#include <torch/library.h>

namespace hadal::dao::ops {
namespace {

TwoTensors attention_varlen_any(const at::Tensor& query, const at::Tensor& key,
                                const at::Tensor& value, const at::Tensor& cu_seqlens_q,
                                const at::Tensor& cu_seqlens_k, std::optional<double> keep,
                                bool causal, std::optional<double> scale) {
  return translating_errors([&]() -> TwoTensors {
    const AttentionOptions options{.causal = causal, .scale = scale};
    std::optional<BlockLists> lists;
    if (keep) {
      lists = select_varlen(PooledTopK({.keep = *keep}), query.detach(), key.detach(), cu_seqlens_q,
                            cu_seqlens_k, options);
    }
    const AttentionResult result =
        attention_varlen(query, key, value, cu_seqlens_q, cu_seqlens_k, lists, options);
    return {result.output, result.log_sum_exp};
  });
}

TwoTensors attention_varlen_meta(const at::Tensor& query, const at::Tensor&, const at::Tensor&,
                                 const at::Tensor&, const at::Tensor&, std::optional<double>, bool,
                                 std::optional<double>) {
  TORCH_CHECK_VALUE(query.dim() == 3,
                    "attention_varlen: expected query [tokens, heads, head_dim], got ",
                    query.sym_sizes());
  return {
      at::empty_symint(query.sym_sizes(), query.options()),
      at::empty_symint({query.sym_size(1), query.sym_size(0)}, query.options().dtype(at::kFloat))};
}

// The function has gradients of its own.
TORCH_LIBRARY_IMPL(hadal, CompositeImplicitAutograd, library) {
  library.impl("attention_varlen", &attention_varlen_any);
}

TORCH_LIBRARY_IMPL(hadal, Meta, library) {
  library.impl("attention_varlen", &attention_varlen_meta);
}

}  // namespace
}  // namespace hadal::dao::ops
