#include "hadal/dao/attention.h"

#include "hadal/core/isa.h"
#include "hadal/dao/check.h"
#include "hadal/dao/compute.h"
#include "hadal/dao/finite.h"
#include "hadal/dao/kernels/cuda/attention.h"
#include "hadal/dao/kernels/forward.h"
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

using Kernel = void (*)(const Task&);

Kernel kernel_of([[maybe_unused]] at::ScalarType type) {
#if defined(__x86_64__)
  if (type == at::kBFloat16) return &kernels::avx512_bf16::forward_bf16;
#endif
  return kernels::kForwardFp32.best();
}

/// All that the tasks of one call share.
struct Call {
  Kernel kernel;
  at::Tensor query;  // [batch, heads, queries, head_dim], rows dense
  kernels::PackedTensors packed;
  at::Tensor output;  // fp32, contiguous
  at::Tensor log_sum_exp;
  const BlockLists* lists;
  KeyBits real;
  bool careful;
  std::int64_t kv_heads;
  std::int64_t keys;
  std::int64_t padded;
  float scale;
  bool causal;

  std::int64_t query_blocks() const { return blocks_of(query.size(2)); }
};

Task task_of(const Call& call, std::int64_t item, float* scratch) {
  const std::int64_t heads = call.query.size(1);
  const std::int64_t queries = call.query.size(2);
  const std::int64_t blocks = call.query_blocks();
  const std::int64_t head = item / blocks % heads;
  const std::int64_t batch = item / blocks / heads;
  const std::int64_t first_row = item % blocks * kBlock;
  const std::int64_t kv_head = batch * call.kv_heads + head / (heads / call.kv_heads);
  const std::int64_t element = call.query.element_size();
  const auto at = [&](const at::Tensor& tensor, std::int64_t elements) {
    return static_cast<const char*>(tensor.const_data_ptr()) + elements * element;
  };
  Task task{};
  task.queries = at(call.query, batch * call.query.stride(0) + head * call.query.stride(1) +
                                    first_row * call.query.stride(2));
  task.query_stride = call.query.stride(2);
  task.rows = std::min<std::int64_t>(kBlock, queries - first_row);
  task.head_dim = call.query.size(3);
  task.padded = call.padded;
  task.head = {at(call.packed.keys, kv_head * call.packed.head_elements),
               at(call.packed.values, kv_head * call.packed.head_elements)};
  task.keys = call.keys;
  task.real = call.real.of(batch);
  task.careful = call.careful;
  task.scale = call.scale;
  const std::int64_t row = (batch * heads + head) * queries + first_row;
  task.output = call.output.mutable_data_ptr<float>() + row * task.head_dim;
  task.output_stride = task.head_dim;
  task.log_sum_exp = call.log_sum_exp.mutable_data_ptr<float>() + row;
  task.scratch = scratch;
  const VisibleBlocks visible =
      visible_blocks(call.lists, item, first_row, task.rows, queries, call.keys, call.causal);
  task.blocks = visible.blocks;
  task.block_count = visible.count;
  task.first_limit = visible.first_limit;
  task.limit_step = visible.limit_step;
  return task;
}

/// Runs all tasks, those of the last query blocks first, because causal ones take longest.
void run(const Call& call) {
  const std::int64_t blocks = call.query_blocks();
  const std::int64_t groups = call.query.size(0) * call.query.size(1);
  std::atomic<std::int64_t> next{0};
  at::parallel_for(0, at::get_num_threads(), 1, [&](std::int64_t, std::int64_t) {
    const at::Tensor scratch = at::empty({kernels::scratch_floats(call.padded)}, at::kFloat);
    for (std::int64_t i = next++; i < groups * blocks; i = next++) {
      const std::int64_t item = i % groups * blocks + (blocks - 1 - i / groups);
      call.kernel(task_of(call, item, scratch.mutable_data_ptr<float>()));
    }
  });
}

at::Tensor with_dense_rows(const at::Tensor& tensor) {
  return tensor.stride(3) == 1 || tensor.size(3) == 1 ? tensor : tensor.contiguous();
}

}  // namespace

AttentionResult attention_forward(const at::Tensor& query, const at::Tensor& key,
                                  const at::Tensor& value, const std::optional<BlockLists>& lists,
                                  const AttentionOptions& options) {
  check_attention(query, key, value, lists, options);
#if defined(HADAL_CUDA)
  if (query.is_cuda()) return kernels::cuda::attention_forward(query, key, value, lists, options);
#endif
  const auto type = product_type(query.scalar_type());
  const std::int64_t padded = padded_head(query.size(3));
  const auto fp32 = query.options().dtype(at::kFloat);
  const auto real = [&](const at::Tensor& tensor) {
    return without_padding(tensor.detach().to(type), options.key_mask);
  };
  const auto packed = kernels::pack(real(key), real(value), padded);
  const Call call{.kernel = kernel_of(type),
                  .query = with_dense_rows(query.detach().to(type)),
                  .packed = packed,
                  .output = at::empty(query.sizes(), fp32),
                  .log_sum_exp = at::empty(query.sizes().slice(0, 3), fp32),
                  .lists = lists ? &*lists : nullptr,
                  .real = KeyBits(options.key_mask),
                  .careful = !all_finite(packed.values),
                  .kv_heads = key.size(1),
                  .keys = key.size(2),
                  .padded = padded,
                  .scale = static_cast<float>(scale_of(options, query.size(3))),
                  .causal = options.causal};
  run(call);
  return {call.output.to(query.scalar_type()), call.log_sum_exp};
}

}  // namespace hadal::dao
