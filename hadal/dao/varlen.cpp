#include "hadal/dao/varlen.h"

#include "hadal/core/error.h"
#include "hadal/dao/check.h"
#include "hadal/dao/differentiable.h"

#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/zeros.h>

namespace hadal::dao {
namespace {

void require(bool holds, const std::string& expected, const std::string& got) {
  if (!holds) throw InvalidArgument(concat("attention_varlen: expected ", expected, ", got ", got));
}

/// [tokens, heads, head_dim] -> [1, heads, tokens, head_dim], the same memory.
at::Tensor as_batch(const at::Tensor& tensor, std::string_view name) {
  const std::string got = tensor.defined() ? concat(tensor.sizes()) : "an undefined tensor";
  require(tensor.defined() && tensor.dim() == 3, concat(name, " [tokens, heads, head_dim]"), got);
  require(tensor.is_cpu(), concat(name, " on the CPU"), concat(tensor.device()));
  return tensor.transpose(0, 1).unsqueeze(0);
}

/// The offsets as int64, contiguous, which rise from 0 to `total`.
at::Tensor checked_offsets(const at::Tensor& offsets, std::int64_t total, std::string_view name) {
  require(offsets.defined(), concat(name, " int32 or int64 [sequences + 1]"),
          "an undefined tensor");
  const auto type = offsets.scalar_type();
  require((type == at::kInt || type == at::kLong) && offsets.is_cpu() && offsets.dim() == 1 &&
              offsets.size(0) >= 1,
          concat(name, " int32 or int64 [sequences + 1] on cpu"),
          concat(type, " ", offsets.sizes(), " on ", offsets.device()));
  // A copy, since lengths that change after this check would reach beyond the tensors.
  const at::Tensor result =
      offsets.contiguous().to(at::kLong, /*non_blocking=*/false, /*copy=*/true);
  const auto* offset = result.const_data_ptr<std::int64_t>();
  const std::int64_t last = result.size(0) - 1;
  require(offset[0] == 0 && offset[last] == total, concat(name, " from 0 to ", total),
          concat("from ", offset[0], " to ", offset[last]));
  for (std::int64_t i = 0; i < last; ++i) {
    require(offset[i] <= offset[i + 1], concat(name, " that never falls"),
            concat(offset[i], " and then ", offset[i + 1], " at ", i));
  }
  return result;
}

CuSeqlens checked_lengths(const at::Tensor& query, const at::Tensor& key,
                          const at::Tensor& cu_seqlens_q, const at::Tensor& cu_seqlens_k,
                          const AttentionOptions& options) {
  const CuSeqlens lengths{checked_offsets(cu_seqlens_q, query.size(2), "cu_seqlens_q"),
                          checked_offsets(cu_seqlens_k, key.size(2), "cu_seqlens_k")};
  require(lengths.queries.sizes() == lengths.keys.sizes(),
          "as many sequences of keys as of queries",
          concat(lengths.keys.size(0) - 1, " and ", lengths.queries.size(0) - 1));
  if (options.key_mask) {
    throw InvalidArgument("attention_varlen: expected no key_mask, got one",
                          "leave padding out of the tensors and of cu_seqlens_k");
  }
  return lengths;
}

}  // namespace

AttentionResult attention_varlen(const at::Tensor& query, const at::Tensor& key,
                                 const at::Tensor& value, const at::Tensor& cu_seqlens_q,
                                 const at::Tensor& cu_seqlens_k,
                                 const std::optional<BlockLists>& lists,
                                 const AttentionOptions& options) {
  const at::Tensor queries = as_batch(query, "query");
  const at::Tensor keys = as_batch(key, "key");
  const at::Tensor values = as_batch(value, "value");
  check_attention(queries, keys, values, {}, options);
  const CuSeqlens lengths = checked_lengths(queries, keys, cu_seqlens_q, cu_seqlens_k, options);
  if (lists) check_lists(*lists, sequences_of(queries, keys, lengths), query.size(1));
  const AttentionResult result =
      differentiable_attention(queries, keys, values, lengths, lists, options);
  return {result.output.squeeze(0).transpose(0, 1), result.log_sum_exp.squeeze(0)};
}

BlockLists select_varlen(const Selector& selector, const at::Tensor& query, const at::Tensor& key,
                         const at::Tensor& cu_seqlens_q, const at::Tensor& cu_seqlens_k,
                         const AttentionOptions& options) {
  const at::Tensor queries = as_batch(query, "query");
  const at::Tensor keys = as_batch(key, "key");
  check_attention(queries, keys, /*value=*/keys, {}, options);
  const auto [offsets_q, offsets_k] =
      checked_lengths(queries, keys, cu_seqlens_q, cu_seqlens_k, options);
  const auto part = [](const at::Tensor& tensor, const at::Tensor& offsets, std::int64_t i) {
    const auto* offset = offsets.const_data_ptr<std::int64_t>();
    return tensor.slice(2, offset[i], offset[i + 1]);
  };
  std::vector<at::Tensor> offsets{at::zeros({1}, at::kLong)};
  std::vector<at::Tensor> blocks{at::zeros({0}, at::kInt)};
  std::int64_t count = 0;
  for (std::int64_t i = 0; i + 1 < offsets_q.size(0); ++i) {
    const BlockLists lists =
        selector.select(part(queries, offsets_q, i), part(keys, offsets_k, i), options);
    offsets.push_back(lists.offsets.slice(0, 1) + count);
    blocks.push_back(lists.blocks);
    count += lists.blocks.size(0);
  }
  return {.offsets = at::cat(offsets), .blocks = at::cat(blocks)};
}

}  // namespace hadal::dao
