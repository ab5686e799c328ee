#include "hadal/dao/run_forward.h"

#include "hadal/core/isa.h"
#include "hadal/dao/compute.h"
#include "hadal/dao/finite.h"
#include "hadal/dao/kernels/pack.h"
#include "hadal/dao/key_bits.h"
#include "hadal/dao/visible.h"

#include <algorithm>
#include <atomic>

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

namespace hadal::dao {
namespace kernels {
HADAL_ISA_DECLARE(void forward_fp32(const Task& task); void forward_bf16(const Task& task);)
constexpr IsaTable kForwardFp32 = HADAL_ISA_TABLE_OF(forward_fp32, avx2, avx512);
}  // namespace kernels

namespace {

using kernels::kBlock;
using kernels::Task;
static_assert(kBlock == kBlockSize);

/// All that the tasks of one call share.
struct Call {
  ForwardKernel kernel;
  const Inputs* inputs;
  at::Tensor query;  // [batch, heads, queries, head_dim], rows dense
  kernels::PackedTensors packed;
  KeyBits real;
  bool careful;
  std::int64_t padded;
  float scale;
  at::Tensor output;       // fp32 [batch, heads, queries, head_dim], rows dense
  at::Tensor log_sum_exp;  // fp32 [batch, heads, queries]
};

/// The start of a head's token, or of a head's block where the tensor has those.
void* address(const at::Tensor& tensor, std::int64_t batch, std::int64_t head, std::int64_t token) {
  const auto elements =
      batch * tensor.stride(0) + head * tensor.stride(1) + token * tensor.stride(2);
  return static_cast<char*>(tensor.data_ptr()) + elements * tensor.element_size();
}

/// What a task reads: queries, and the keys and values that they look at.
void set_operands(const Call& call, std::int64_t head, const SegmentBlock& at, Task& task) {
  const Sequences& sequences = call.inputs->sequences;
  const Segment& queries = sequences.queries[at.segment];
  const Segment& keys = sequences.keys[at.segment];
  const std::int64_t heads = call.query.size(1);
  const std::int64_t kv_heads = call.inputs->key.size(1);
  const std::int64_t first = at.block * kBlock;
  task.queries = address(call.query, queries.batch, head, queries.first + first);
  task.query_stride = call.query.stride(2);
  task.rows = std::min<std::int64_t>(kBlock, queries.tokens - first);
  task.head_dim = call.query.size(3);
  task.padded = call.padded;
  const auto part = [&](const at::Tensor& packed) {
    const std::int64_t place = keys.place(kv_heads, head / (heads / kv_heads), 0);
    return static_cast<const char*>(packed.const_data_ptr()) +
           place * kBlock * call.padded * packed.element_size();
  };
  task.head = {part(call.packed.keys), part(call.packed.values)};
  task.keys = keys.tokens;
  task.real = call.real.of(keys.batch);
  task.careful = call.careful;
  task.scale = call.scale;
  const auto& lists = call.inputs->lists;
  const VisibleBlocks visible =
      visible_blocks(lists ? &*lists : nullptr, queries.place(heads, head, at.block), first,
                     task.rows, queries.tokens, keys.tokens, call.inputs->options.causal);
  task.blocks = visible.blocks;
  task.block_count = visible.count;
  task.first_limit = visible.first_limit;
  task.limit_step = visible.limit_step;
}

Task task_of(const Call& call, std::int64_t head, const SegmentBlock& at, float* scratch) {
  Task task{};
  set_operands(call, head, at, task);
  const Segment& queries = call.inputs->sequences.queries[at.segment];
  const std::int64_t token = queries.first + at.block * kBlock;
  task.output = static_cast<float*>(address(call.output, queries.batch, head, token));
  task.output_stride = call.output.stride(2);
  task.log_sum_exp = static_cast<float*>(address(call.log_sum_exp, queries.batch, head, token));
  task.scratch = scratch;
  return task;
}

/// Runs all tasks, those of the last query blocks first, because causal ones take longest.
void run(const Call& call) {
  const auto& blocks = call.inputs->sequences.queries.by_number();
  const std::int64_t heads = call.query.size(1);
  const auto count = static_cast<std::int64_t>(blocks.size()) * heads;
  std::atomic<std::int64_t> next{0};
  at::parallel_for(0, at::get_num_threads(), 1, [&](std::int64_t, std::int64_t) {
    const at::Tensor scratch = at::empty({kernels::scratch_floats(call.padded)}, at::kFloat);
    for (std::int64_t i = next++; i < count; i = next++) {
      const SegmentBlock& at = blocks[blocks.size() - 1 - static_cast<std::size_t>(i / heads)];
      call.kernel.run(task_of(call, i % heads, at, scratch.mutable_data_ptr<float>()));
    }
  });
}

at::Tensor with_dense_rows(const at::Tensor& tensor) {
  return tensor.stride(3) == 1 || tensor.size(3) == 1 ? tensor : tensor.contiguous();
}

}  // namespace

ForwardKernel forward_kernel(at::ScalarType type) {
#if defined(__x86_64__)
  if (product_type(type) == at::kBFloat16) {
    return {&kernels::avx512_bf16::forward_bf16, at::kBFloat16};
  }
#endif
  return {kernels::kForwardFp32.best(), at::kFloat};
}

AttentionResult run_forward(const ForwardKernel& kernel, const Inputs& inputs, bool tokens_first) {
  const at::Tensor& query = inputs.query;
  const std::int64_t padded = padded_head(query.size(3));
  const auto fp32 = query.options().dtype(at::kFloat);
  const auto real = [&](const at::Tensor& tensor) {
    return without_padding(tensor.detach().to(kernel.type), inputs.options.key_mask);
  };
  const auto packed =
      kernels::pack(real(inputs.key), real(inputs.value), padded, inputs.sequences.keys);
  const auto sizes = query.sizes();
  const Call call{
      .kernel = kernel,
      .inputs = &inputs,
      .query = with_dense_rows(query.detach().to(kernel.type)),
      .packed = packed,
      .real = KeyBits(inputs.options.key_mask),
      .careful = !all_finite(packed.values),
      .padded = padded,
      .scale = static_cast<float>(scale_of(inputs.options, query.size(3))),
      .output = tokens_first
                    ? at::empty({sizes[0], sizes[2], sizes[1], sizes[3]}, fp32).transpose(1, 2)
                    : at::empty(sizes, fp32),
      .log_sum_exp = at::empty(sizes.slice(0, 3), fp32)};
  run(call);
  return {call.output, call.log_sum_exp};
}

}  // namespace hadal::dao
