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

CallInputs inputs_of(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                     const std::optional<BlockLists>& lists, const AttentionOptions& options) {
  CallInputs inputs{.query = aligned(query),
                    .key = aligned(key),
                    .value = aligned(value),
                    .offsets = {},
                    .blocks = {},
                    .mask = {},
                    .head_dim = query.size(3),
                    .shape = shape_of(query, key, options)};
  if (lists) {
    inputs.offsets = lists->offsets.to(query.device());
    inputs.blocks = lists->blocks.to(query.device());
  }
  if (options.key_mask) inputs.mask = mask_words(*options.key_mask).to(query.device());
  return inputs;
}

/// [batch, heads, queries] as kernels take it.
at::Tensor fp32_rows(const at::Tensor& tensor) {
  return tensor.detach().to(at::kFloat).contiguous();
}

BackwardParams backward_params(const BackwardCall& call) {
  const CallInputs& in = call.inputs;
  const auto& grad = call.log_sum_exp_grad;
  return {.shape = in.shape,
          .query = view_of(in.query),
          .key = view_of(in.key),
          .value = view_of(in.value),
          .output = view_of(call.output),
          .output_grad = view_of(call.output_grad),
          .log_sum_exp = call.log_sum_exp.const_data_ptr<float>(),
          .log_sum_exp_grad = grad.defined() ? grad.const_data_ptr<float>() : nullptr,
          .terms = static_cast<RowTerm*>(call.terms.mutable_data_ptr()),
          .query_grad = view_to(call.query_grad),
          .key_grad = view_to(call.key_grad),
          .value_grad = view_to(call.value_grad),
          .lists = lists_of(in.offsets, in.blocks),
          .transposed = lists_of(call.transposed_offsets, call.transposed_blocks),
          .key_mask = mask_of(in.mask)};
}

}  // namespace

AttentionResult ForwardCall::result() const {
  return {without_padding(output, inputs.head_dim), log_sum_exp};
}

AttentionGradients BackwardCall::result() const {
  return {without_padding(query_grad, inputs.head_dim), without_padding(key_grad, inputs.head_dim),
          without_padding(value_grad, inputs.head_dim)};
}

ForwardCall prepare_forward(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                            const std::optional<BlockLists>& lists,
                            const AttentionOptions& options) {
  const auto fp32 = query.options().dtype(at::kFloat);
  ForwardCall call{.inputs = inputs_of(query, key, value, lists, options),
                   .output = {},
                   .log_sum_exp = at::empty(query.sizes().slice(0, 3), fp32),
                   .params = {}};
  const CallInputs& in = call.inputs;
  call.output = at::empty(in.query.sizes(), query.options());
  call.params = {.shape = in.shape,
                 .query = view_of(in.query),
                 .key = view_of(in.key),
                 .value = view_of(in.value),
                 .output = view_to(call.output),
                 .log_sum_exp = call.log_sum_exp.mutable_data_ptr<float>(),
                 .lists = lists_of(in.offsets, in.blocks),
                 .key_mask = mask_of(in.mask)};
  return call;
}

BackwardCall prepare_backward(const at::Tensor& output_grad, const at::Tensor& log_sum_exp_grad,
                              const at::Tensor& query, const at::Tensor& key,
                              const at::Tensor& value, const AttentionResult& result,
                              const std::optional<BlockLists>& lists,
                              const AttentionOptions& options) {
  BackwardCall call{};
  call.inputs = inputs_of(query, key, value, lists, options);
  const CallInputs& in = call.inputs;
  call.output = aligned(result.output);
  call.output_grad = aligned(output_grad.to(query.scalar_type()));
  call.log_sum_exp = fp32_rows(result.log_sum_exp);
  if (log_sum_exp_grad.defined()) call.log_sum_exp_grad = fp32_rows(log_sum_exp_grad);
  call.terms = at::empty({query.size(0), query.size(1), query.size(2), 2},
                         query.options().dtype(at::kFloat));
  call.query_grad = at::empty(in.query.sizes(), query.options());
  call.key_grad = at::empty(in.key.sizes(), query.options());
  call.value_grad = at::empty(in.value.sizes(), query.options());
  if (lists) {
    const BlockLists across = transposed(*lists, blocks_of(query.size(2)), blocks_of(key.size(2)));
    call.transposed_offsets = across.offsets.to(query.device());
    call.transposed_blocks = across.blocks.to(query.device());
  }
  call.params = backward_params(call);
  return call;
}

}  // namespace hadal::dao::kernels::cuda
