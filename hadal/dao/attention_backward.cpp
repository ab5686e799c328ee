#include "hadal/dao/attention_backward.h"

#include "hadal/core/error.h"
#include "hadal/core/isa.h"
#include "hadal/dao/check.h"
#include "hadal/dao/compute.h"
#include "hadal/dao/finite.h"
#include "hadal/dao/kernels/backward.h"
#include "hadal/dao/kernels/cuda/attention.h"
#include "hadal/dao/kernels/pack.h"
#include "hadal/dao/key_bits.h"
#include "hadal/dao/query_lists.h"
#include "hadal/dao/visible.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

namespace hadal::dao {
namespace kernels {
HADAL_ISA_DECLARE(void backward_fp32(const Pair& pair); void backward_bf16(const Pair& pair);)
constexpr IsaTable kBackwardFp32 = HADAL_ISA_TABLE_OF(backward_fp32, avx2, avx512);
}  // namespace kernels

namespace {

using kernels::kBlock;
using kernels::Pair;

constexpr double kLog2E = 1.4426950408889634;

using Kernel = void (*)(const Pair&);

Kernel kernel_of([[maybe_unused]] at::ScalarType type) {
#if defined(__x86_64__)
  if (type == at::kBFloat16) return &kernels::avx512_bf16::backward_bf16;
#endif
  return kernels::kBackwardFp32.best();
}

/// All that the pairs of one call share. Heads are counted over the batch.
struct Call {
  Kernel kernel;
  const BlockLists* lists;
  std::optional<QueryLists> transposed;
  KeyBits real;
  bool careful;
  std::int64_t batch, heads, kv_heads, queries, keys, padded;
  bool causal;
  float to_log2;
  at::Tensor key_rows, value_rows;  // [kv_heads, key blocks, kBlock, padded]
  at::Tensor keys_across;           // [kv_heads, key blocks, padded, kBlock]
  kernels::PackedTensors query_columns_and_slopes;
  kernels::PackedTensors slope_columns_and_queries;
  at::Tensor log_sum_exp, delta;       // fp32 [heads, query blocks, kBlock]
  at::Tensor query_grad;               // fp32 [heads, query blocks, padded, kBlock]
  at::Tensor key_grad, value_grad;     // fp32 [kv_heads, key blocks, kBlock, padded]
  std::vector<std::atomic<int>> done;  // how many pairs of each query block
};

/// The start of part `index` of a contiguous tensor whose parts have `size` elements.
void* part(const at::Tensor& tensor, std::int64_t index, std::int64_t size) {
  return static_cast<char*>(tensor.data_ptr()) + index * size * tensor.element_size();
}

void wait_for_turn(std::atomic<int>& done, const VisibleBlocks& visible, std::int64_t key_block) {
  for (int i = done.load(std::memory_order_acquire);; i = done.load(std::memory_order_acquire)) {
    if ((visible.blocks ? visible.blocks[i] : i) == key_block) return;
    done.wait(i, std::memory_order_acquire);
  }
}

/// The keys of a block that are real, a bit each.
std::uint64_t real_keys(const Call& call, std::int64_t batch, std::int64_t key_block) {
  if (const auto* words = call.real.of(batch)) return words[key_block];
  const std::int64_t keys = call.keys - key_block * kBlock;
  return keys >= kBlock ? ~std::uint64_t{0} : (std::uint64_t{1} << keys) - 1;
}

/// Adds what query block `query_block` and key block `key_block` of a head give each other, where
/// they see each other. A query block's pairs run in the order of their keys, so that its gradient
/// is always summed in one order.
void run_pair(Call& call, std::int64_t head, std::int64_t query_block, std::int64_t key_block,
              float* scratch) {
  const std::int64_t first = query_block * kBlock;
  const std::int64_t row = head * blocks_of(call.queries) + query_block;
  const VisibleBlocks visible =
      visible_blocks(call.lists, row, first, std::min<std::int64_t>(kBlock, call.queries - first),
                     call.queries, call.keys, call.causal);
  if (visible.count == 0) return;
  if (key_block > (visible.blocks ? visible.blocks[visible.count - 1] : visible.count - 1)) return;
  const std::int64_t kv_row =
      head / (call.heads / call.kv_heads) * blocks_of(call.keys) + key_block;
  const std::int64_t size = kBlock * call.padded;
  Pair pair{};
  pair.keys = part(call.key_rows, kv_row, size);
  pair.keys_across = part(call.keys_across, kv_row, size);
  pair.values = part(call.value_rows, kv_row, size);
  pair.queries = part(call.slope_columns_and_queries.values, row, size);
  pair.query_columns = part(call.query_columns_and_slopes.keys, row, size);
  pair.slopes = part(call.query_columns_and_slopes.values, row, size);
  pair.slope_columns = part(call.slope_columns_and_queries.keys, row, size);
  pair.log_sum_exp = static_cast<const float*>(part(call.log_sum_exp, row, kBlock));
  pair.delta = static_cast<const float*>(part(call.delta, row, kBlock));
  pair.padded = call.padded;
  pair.real = real_keys(call, head / (call.heads / call.batch), key_block);
  pair.careful = call.careful;
  pair.first_limit = visible.first_limit - key_block * kBlock;
  pair.limit_step = visible.limit_step;
  pair.to_log2 = call.to_log2;
  pair.query_grad = static_cast<float*>(part(call.query_grad, row, size));
  pair.key_grad = static_cast<float*>(part(call.key_grad, kv_row, size));
  pair.value_grad = static_cast<float*>(part(call.value_grad, kv_row, size));
  pair.scratch = scratch;
  std::atomic<int>& done = call.done[static_cast<std::size_t>(row)];
  wait_for_turn(done, visible, key_block);
  if (pair.real != 0) call.kernel(pair);
  done.fetch_add(1, std::memory_order_release);
  done.notify_all();
}

/// All pairs of a key block, which no other thread writes to.
void run_key_block(Call& call, std::int64_t kv_head, std::int64_t key_block, float* scratch) {
  const std::int64_t group = call.heads / call.kv_heads;
  for (std::int64_t head = kv_head * group; head < (kv_head + 1) * group; ++head) {
    if (call.transposed) {
      for (const std::int32_t query_block : call.transposed->of(head, key_block)) {
        run_pair(call, head, query_block, key_block, scratch);
      }
    } else {
      for (std::int64_t i = 0; i < blocks_of(call.queries); ++i) {
        run_pair(call, head, i, key_block, scratch);
      }
    }
  }
}

/// Runs all key blocks, in ascending order for each head: a pair waits for pairs of earlier key
/// blocks only, and these have been taken by threads before, so that some thread can always go on.
void run(Call& call) {
  std::atomic<std::int64_t> next{0};
  at::parallel_for(0, at::get_num_threads(), 1, [&](std::int64_t, std::int64_t) {
    const at::Tensor scratch = at::empty({kernels::kPairScratch}, at::kFloat);
    for (auto i = next++; i < call.kv_heads * blocks_of(call.keys); i = next++) {
      run_key_block(call, i % call.kv_heads, i / call.kv_heads, scratch.mutable_data_ptr<float>());
    }
  });
}

/// [batch, heads, tokens, head_dim] -> [batch * heads, blocks, kBlock, padded], filled with zeros.
at::Tensor in_blocks(const at::Tensor& tensor, std::int64_t padded) {
  const std::int64_t blocks = blocks_of(tensor.size(2));
  const at::Tensor result =
      at::zeros({tensor.size(0), tensor.size(1), blocks * kBlock, padded}, tensor.options());
  result.narrow(2, 0, tensor.size(2)).narrow(3, 0, tensor.size(3)).copy_(tensor);
  return result.view({tensor.size(0) * tensor.size(1), blocks, kBlock, padded});
}

/// [batch, heads, queries] -> fp32 [batch, heads, query blocks * kBlock], filled with `fill`.
at::Tensor rows_in_blocks(const at::Tensor& tensor, float fill) {
  const at::Tensor result =
      at::full({tensor.size(0), tensor.size(1), blocks_of(tensor.size(2)) * kBlock}, fill,
               tensor.options().dtype(at::kFloat));
  result.narrow(2, 0, tensor.size(2)).copy_(tensor);
  return result;
}

/// Undoes in_blocks().
at::Tensor out_of_blocks(const at::Tensor& blocks, const at::Tensor& like) {
  return blocks.reshape({like.size(0), like.size(1), blocks.size(1) * kBlock, blocks.size(3)})
      .narrow(2, 0, like.size(2))
      .narrow(3, 0, like.size(3))
      .to(like.scalar_type())
      .contiguous();
}

void check_shape(const at::Tensor& tensor, std::string_view name, at::IntArrayRef sizes,
                 const at::Device& device) {
  if (tensor.defined() && tensor.sizes() == sizes && tensor.device() == device) return;
  throw InvalidArgument(concat(
      "attention_backward: expected ", name, " ", sizes, " on ", device, ", got ",
      tensor.defined() ? concat(tensor.sizes(), " on ", tensor.device()) : "an undefined tensor"));
}

/// What is subtracted from the gradients of a query's weights: their mean under the weights, which
/// is the dot product of output and its gradient, less the gradient of the log-sum-exp.
at::Tensor delta_of(const at::Tensor& output_grad, const at::Tensor& output,
                    const at::Tensor& log_sum_exp_grad) {
  const at::Tensor mean = (output_grad.to(at::kFloat) * output.to(at::kFloat)).sum(3);
  return log_sum_exp_grad.defined() ? mean - log_sum_exp_grad : mean;
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

  const c10::AutoGradMode no_grad(false);
#if defined(HADAL_CUDA)
  if (query.is_cuda()) {
    return kernels::cuda::attention_backward(output_grad, log_sum_exp_grad, query, key, value,
                                             result, lists, options);
  }
#endif
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const auto type = product_type(query.scalar_type());
  const std::int64_t padded = padded_head(query.size(3));
  const double scale = scale_of(options, query.size(3));
  const at::Tensor queries = query.to(type);
  const at::Tensor slopes = output_grad.to(type);
  const auto rows_of = [&](const at::Tensor& tensor) {
    return in_blocks(without_padding(tensor.to(type), options.key_mask), padded);
  };
  const at::Tensor key_rows = rows_of(key);
  const auto columns_and_slopes = kernels::pack(queries, slopes, padded);
  const auto columns_and_queries = kernels::pack(slopes, queries, padded);
  const at::Tensor log_sum_exp = result.log_sum_exp * kLog2E;
  const at::Tensor delta = delta_of(output_grad, result.output, log_sum_exp_grad);
  const std::int64_t heads = query.size(0) * query.size(1);
  const std::int64_t query_blocks = blocks_of(query.size(2));
  const auto fp32 = query.options().dtype(at::kFloat);
  Call call{.kernel = kernel_of(type),
            .lists = lists ? &*lists : nullptr,
            .transposed = {},
            .real = KeyBits(options.key_mask),
            // Whatever else is not finite shows in delta.
            .careful = !all_finite(key_rows) || !all_finite(columns_and_queries.values) ||
                       !all_finite(delta),
            .batch = query.size(0),
            .heads = heads,
            .kv_heads = key.size(0) * key.size(1),
            .queries = query.size(2),
            .keys = key.size(2),
            .padded = padded,
            .causal = options.causal,
            .to_log2 = static_cast<float>(scale * kLog2E),
            .key_rows = key_rows,
            .value_rows = rows_of(value),
            .keys_across = key_rows.transpose(2, 3).contiguous(),
            .query_columns_and_slopes = columns_and_slopes,
            .slope_columns_and_queries = columns_and_queries,
            .log_sum_exp = rows_in_blocks(
                log_sum_exp.masked_fill(log_sum_exp == -kInfinity, kInfinity), kInfinity),
            .delta = rows_in_blocks(delta, 0),
            .query_grad = at::zeros({heads, query_blocks, padded, kBlock}, fp32),
            .key_grad = at::zeros(key_rows.sizes(), fp32),
            .value_grad = at::zeros(key_rows.sizes(), fp32),
            .done = std::vector<std::atomic<int>>(static_cast<std::size_t>(heads * query_blocks))};
  if (lists) call.transposed.emplace(*lists, query_blocks, blocks_of(call.keys));
  run(call);
  return {out_of_blocks(call.query_grad.mul_(scale).transpose(2, 3), query),
          out_of_blocks(call.key_grad.mul_(scale), key), out_of_blocks(call.value_grad, value)};
}

}  // namespace hadal::dao
