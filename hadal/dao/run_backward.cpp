#include "hadal/dao/run_backward.h"

#include "hadal/core/isa.h"
#include "hadal/dao/compute.h"
#include "hadal/dao/finite.h"
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
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>

namespace hadal::dao {
namespace kernels {
HADAL_ISA_DECLARE(void backward_fp32(const Pair& pair); void backward_bf16(const Pair& pair);)
constexpr IsaTable kBackwardFp32 = HADAL_ISA_TABLE_OF(backward_fp32, avx2, avx512);
}  // namespace kernels

namespace {

using kernels::kBlock;
using kernels::Pair;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// All that the pairs of one call share. What is kept a block lies by Segment::place().
struct Call {
  BackwardKernel kernel;
  const Inputs* inputs;
  std::optional<QueryLists> transposed;
  KeyBits real;
  bool careful;
  std::int64_t heads, kv_heads, padded;
  float scale;
  at::Tensor key_rows, value_rows;  // [blocks, kBlock, padded]
  at::Tensor keys_across;           // [blocks, padded, kBlock]
  kernels::PackedTensors query_columns_and_slopes;
  kernels::PackedTensors slope_columns_and_queries;
  at::Tensor log_sum_exp, delta;       // fp32 [blocks, kBlock]
  at::Tensor query_grad;               // fp32 [blocks, padded, kBlock]
  at::Tensor key_grad, value_grad;     // fp32 [blocks, kBlock, padded]
  std::vector<std::atomic<int>> done;  // how many pairs of each query block
};

/// A block of queries and a block of keys of one sequence.
struct PairPlace {
  std::size_t sequence;
  std::int64_t head, query_block, key_block;
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
std::uint64_t real_keys(const Call& call, const Segment& keys, std::int64_t key_block) {
  if (const auto* words = call.real.of(keys.batch)) return words[key_block];
  const std::int64_t count = keys.tokens - key_block * kBlock;
  return count >= kBlock ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
}

/// The operands and the results of a pair of blocks that lie at these places.
Pair pair_at(const Call& call, std::int64_t query_place, std::int64_t key_place) {
  const std::int64_t size = kBlock * call.padded;
  Pair pair{};
  pair.keys = part(call.key_rows, key_place, size);
  pair.keys_across = part(call.keys_across, key_place, size);
  pair.values = part(call.value_rows, key_place, size);
  pair.queries = part(call.slope_columns_and_queries.values, query_place, size);
  pair.query_columns = part(call.query_columns_and_slopes.keys, query_place, size);
  pair.slopes = part(call.query_columns_and_slopes.values, query_place, size);
  pair.slope_columns = part(call.slope_columns_and_queries.keys, query_place, size);
  pair.log_sum_exp = static_cast<const float*>(part(call.log_sum_exp, query_place, kBlock));
  pair.delta = static_cast<const float*>(part(call.delta, query_place, kBlock));
  pair.padded = call.padded;
  pair.careful = call.careful;
  pair.scale = call.scale;
  pair.query_grad = static_cast<float*>(part(call.query_grad, query_place, size));
  pair.key_grad = static_cast<float*>(part(call.key_grad, key_place, size));
  pair.value_grad = static_cast<float*>(part(call.value_grad, key_place, size));
  return pair;
}

/// Adds what a block of queries and a block of keys give each other, where they see each other. A
/// query block's pairs run in the order of their keys, so that its gradient is always summed in one
/// order.
void run_pair(Call& call, const PairPlace& at, float* scratch) {
  const Segment& queries = call.inputs->sequences.queries[at.sequence];
  const Segment& keys = call.inputs->sequences.keys[at.sequence];
  const std::int64_t first = at.query_block * kBlock;
  const std::int64_t row = queries.place(call.heads, at.head, at.query_block);
  const auto& lists = call.inputs->lists;
  const VisibleBlocks visible = visible_blocks(
      lists ? &*lists : nullptr, row, first, std::min<std::int64_t>(kBlock, queries.tokens - first),
      queries.tokens, keys.tokens, call.inputs->options.causal);
  if (visible.count == 0) return;
  const auto last = visible.blocks ? visible.blocks[visible.count - 1] : visible.count - 1;
  if (at.key_block > last) return;
  const std::int64_t kv_head = at.head / (call.heads / call.kv_heads);
  Pair pair = pair_at(call, row, keys.place(call.kv_heads, kv_head, at.key_block));
  pair.real = real_keys(call, keys, at.key_block);
  pair.first_limit = visible.first_limit - at.key_block * kBlock;
  pair.limit_step = visible.limit_step;
  pair.scratch = scratch;
  std::atomic<int>& done = call.done[static_cast<std::size_t>(row)];
  wait_for_turn(done, visible, at.key_block);
  if (pair.real != 0) call.kernel.run(pair);
  done.fetch_add(1, std::memory_order_release);
  done.notify_all();
}

/// All pairs of a key block, which no other thread writes to.
void run_key_block(Call& call, const SegmentBlock& at, std::int64_t kv_head, float* scratch) {
  const std::int64_t group = call.heads / call.kv_heads;
  const Sequences& sequences = call.inputs->sequences;
  for (std::int64_t head = kv_head * group; head < (kv_head + 1) * group; ++head) {
    if (call.transposed) {
      const std::int64_t place = sequences.keys[at.segment].place(call.heads, head, at.block);
      for (const std::int32_t query_block : call.transposed->of(place)) {
        run_pair(call, {at.segment, head, query_block, at.block}, scratch);
      }
    } else {
      for (std::int64_t i = 0; i < sequences.queries[at.segment].blocks(); ++i) {
        run_pair(call, {at.segment, head, i, at.block}, scratch);
      }
    }
  }
}

/// Runs all key blocks, in ascending order for each head: a pair waits for pairs of earlier key
/// blocks only, and these have been taken by threads before, so that some thread can always go on.
void run(Call& call) {
  const auto& blocks = call.inputs->sequences.keys.by_number();
  const auto count = static_cast<std::int64_t>(blocks.size()) * call.kv_heads;
  std::atomic<std::int64_t> next{0};
  at::parallel_for(0, at::get_num_threads(), 1, [&](std::int64_t, std::int64_t) {
    const at::Tensor scratch = at::empty({kernels::kPairScratch}, at::kFloat);
    for (auto i = next++; i < count; i = next++) {
      run_key_block(call, blocks[static_cast<std::size_t>(i / call.kv_heads)], i % call.kv_heads,
                    scratch.mutable_data_ptr<float>());
    }
  });
}

/// What is subtracted from the gradients of a query's weights: their mean under the weights, which
/// is the dot product of output and its gradient, less the gradient of the log-sum-exp.
at::Tensor delta_of(const Results& x) {
  const at::Tensor mean = (x.output_grad.to(at::kFloat) * x.output.to(at::kFloat)).sum(3);
  return x.log_sum_exp_grad.defined() ? mean - x.log_sum_exp_grad : mean;
}

/// [batch, heads, queries] -> fp32 [blocks, kBlock], filled with `fill`.
at::Tensor in_blocks(const at::Tensor& numbers, float fill, const Segments& segments) {
  return kernels::pack_rows(numbers.to(at::kFloat).unsqueeze(3), 1, segments, fill);
}

void pack_queries(const Results& results, Call& call) {
  const Segments& segments = call.inputs->sequences.queries;
  const at::Tensor queries = call.inputs->query.to(call.kernel.type);
  const at::Tensor slopes = results.output_grad.to(call.kernel.type);
  call.query_columns_and_slopes = kernels::pack(queries, slopes, call.padded, segments);
  call.slope_columns_and_queries = kernels::pack(slopes, queries, call.padded, segments);
  const at::Tensor& log_sum_exp = results.log_sum_exp;
  call.log_sum_exp =
      in_blocks(log_sum_exp.masked_fill(log_sum_exp == -kInfinity, kInfinity), kInfinity, segments);
  call.delta = in_blocks(delta_of(results), 0, segments);
  call.query_grad = at::zeros({call.delta.size(0), call.padded, kBlock}, call.delta.options());
}

void pack_keys(Call& call) {
  const auto rows_of = [&](const at::Tensor& tensor) {
    return kernels::pack_rows(
        without_padding(tensor.to(call.kernel.type), call.inputs->options.key_mask), call.padded,
        call.inputs->sequences.keys);
  };
  call.key_rows = rows_of(call.inputs->key);
  call.value_rows = rows_of(call.inputs->value);
  call.keys_across = call.key_rows.transpose(1, 2).contiguous();
  call.key_grad = at::zeros_like(call.key_rows, at::kFloat);
  call.value_grad = at::zeros_like(call.key_rows, at::kFloat);
}

}  // namespace

BackwardKernel backward_kernel(at::ScalarType type) {
#if defined(__x86_64__)
  if (product_type(type) == at::kBFloat16) {
    return {isa() >= Isa::amx ? &kernels::amx::backward_bf16 : &kernels::avx512_bf16::backward_bf16,
            at::kBFloat16};
  }
#endif
  return {kernels::kBackwardFp32.best(), at::kFloat};
}

AttentionGradients run_backward(const BackwardKernel& kernel, const Inputs& inputs,
                                const Results& results) {
  const c10::AutoGradMode no_grad(false);
  const double scale = scale_of(inputs.options, inputs.query.size(3));
  Call call{};
  call.kernel = kernel;
  call.inputs = &inputs;
  call.real = KeyBits(inputs.options.key_mask);
  call.heads = inputs.query.size(1);
  call.kv_heads = inputs.key.size(1);
  call.padded = padded_head(inputs.query.size(3));
  call.scale = static_cast<float>(scale);
  pack_queries(results, call);
  pack_keys(call);
  // Whatever else is not finite shows in delta.
  call.careful = !all_finite(call.key_rows) || !all_finite(call.slope_columns_and_queries.values) ||
                 !all_finite(call.delta);
  call.done = std::vector<std::atomic<int>>(static_cast<std::size_t>(call.delta.size(0)));
  const auto& [queries, keys] = inputs.sequences;
  if (inputs.lists) call.transposed.emplace(*inputs.lists, inputs.sequences, call.heads);
  run(call);
  return {kernels::unpack_rows(call.query_grad.mul_(scale).transpose(1, 2), inputs.query, queries),
          kernels::unpack_rows(call.key_grad.mul_(scale), inputs.key, keys),
          kernels::unpack_rows(call.value_grad, inputs.value, keys)};
}

}  // namespace hadal::dao
