#include "hadal/dao/kernels/cuda/prepare.h"

#include "hadal/core/error.h"
#include "hadal/dao/compute.h"
#include "hadal/dao/kernels/cuda/tensors.h"
#include "hadal/dao/kernels/cuda/upload.h"

#include <algorithm>

#include <ATen/ops/empty.h>

namespace hadal::dao::kernels::cuda {
namespace {

static_assert(kBlock == kBlockSize);

Shape shape_of(const at::Tensor& query, const at::Tensor& key, const AttentionOptions& options) {
  check_type(query);
  constexpr std::int64_t kMost = std::int64_t{1} << 30;
  const std::int64_t tokens = std::max(query.size(2), key.size(2));
  const std::int64_t rows = query.size(0) * query.size(1);
  if (tokens > kMost || rows > kMost || rows * std::max<std::int64_t>(tokens, 1) > 16 * kMost) {
    throw Unsupported(concat("attention on CUDA: expected at most ", 16 * kMost,
                             " rows in all, got query ", query.sizes(), ", key ", key.sizes()),
                      "split the batch");
  }
  const std::int64_t head_dim = (query.size(3) + kChunk - 1) / kChunk * kChunk;
  return {.batch = static_cast<int>(query.size(0)),
          .heads = static_cast<int>(query.size(1)),
          .kv_heads = static_cast<int>(key.size(1)),
          .queries = static_cast<int>(query.size(2)),
          .keys = static_cast<int>(key.size(2)),
          .head_dim = static_cast<int>(head_dim),
          .causal = options.causal,
          .scale = static_cast<float>(scale_of(options, query.size(3)))};
}

KeyMask mask_of(const at::Tensor& words) {
  return words.defined() ? static_cast<KeyMask>(words.const_data_ptr()) : nullptr;
}

}  // namespace

AttentionResult ForwardCall::result() const {
  return {without_padding(output, head_dim), log_sum_exp};
}

AttentionGradients BackwardCall::result() const {
  return {without_padding(query_grad, head_dim), without_padding(key_grad, head_dim),
          without_padding(value_grad, head_dim)};
}

ForwardCall prepare_forward(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                            const std::optional<BlockLists>& lists,
                            const AttentionOptions& options) {
  const Shape shape = shape_of(query, key, options);
  ForwardCall call{};
  call.query = aligned(query);
  call.key = aligned(key);
  call.value = aligned(value);
  call.output = at::empty(call.query.sizes(), query.options());
  call.log_sum_exp = at::empty(query.sizes().slice(0, 3), query.options().dtype(at::kFloat));
  call.head_dim = query.size(3);
  if (lists) {
    call.offsets = lists->offsets.to(query.device());
    call.blocks = lists->blocks.to(query.device());
  }
  if (options.key_mask) call.mask = mask_words(*options.key_mask).to(query.device());
  call.params = {.shape = shape,
                 .query = view_of(call.query),
                 .key = view_of(call.key),
                 .value = view_of(call.value),
                 .output = view_to(call.output),
                 .log_sum_exp = call.log_sum_exp.mutable_data_ptr<float>(),
                 .lists = lists_of(call.offsets, call.blocks),
                 .key_mask = mask_of(call.mask)};
  return call;
}

BackwardCall prepare_backward(const at::Tensor& output_grad, const at::Tensor& log_sum_exp_grad,
                              const at::Tensor& query, const at::Tensor& key,
                              const at::Tensor& value, const AttentionResult& result,
                              const std::optional<BlockLists>& lists,
                              const AttentionOptions& options) {
  const Shape shape = shape_of(query, key, options);
  const auto fp32 = query.options().dtype(at::kFloat);
  BackwardCall call{};
  call.query = aligned(query);
  call.key = aligned(key);
  call.value = aligned(value);
  call.output = aligned(result.output);
  call.output_grad = aligned(output_grad.to(query.scalar_type()));
  call.log_sum_exp = result.log_sum_exp.detach().to(at::kFloat).contiguous();
  if (log_sum_exp_grad.defined()) {
    call.log_sum_exp_grad = log_sum_exp_grad.detach().to(at::kFloat).contiguous();
  }
  call.terms = at::empty({query.size(0), query.size(1), query.size(2), 2}, fp32);
  call.query_grad = at::empty(call.query.sizes(), query.options());
  call.key_grad = at::empty(call.key.sizes(), query.options());
  call.value_grad = at::empty(call.value.sizes(), query.options());
  call.head_dim = query.size(3);
  if (lists) {
    const BlockLists across = transposed(*lists, blocks_of(query.size(2)), blocks_of(key.size(2)));
    call.offsets = lists->offsets.to(query.device());
    call.blocks = lists->blocks.to(query.device());
    call.transposed_offsets = across.offsets.to(query.device());
    call.transposed_blocks = across.blocks.to(query.device());
  }
  if (options.key_mask) call.mask = mask_words(*options.key_mask).to(query.device());
  call.params = {.shape = shape,
                 .query = view_of(call.query),
                 .key = view_of(call.key),
                 .value = view_of(call.value),
                 .output = view_of(call.output),
                 .output_grad = view_of(call.output_grad),
                 .log_sum_exp = call.log_sum_exp.const_data_ptr<float>(),
                 .log_sum_exp_grad = log_sum_exp_grad.defined()
                                         ? call.log_sum_exp_grad.const_data_ptr<float>()
                                         : nullptr,
                 .terms = static_cast<RowTerm*>(call.terms.mutable_data_ptr()),
                 .query_grad = view_to(call.query_grad),
                 .key_grad = view_to(call.key_grad),
                 .value_grad = view_to(call.value_grad),
                 .lists = lists_of(call.offsets, call.blocks),
                 .transposed = lists_of(call.transposed_offsets, call.transposed_blocks),
                 .key_mask = mask_of(call.mask)};
  return call;
}

}  // namespace hadal::dao::kernels::cuda
