#pragma once

// Attention over kept pairs of blocks, forward: one thread block a block of queries.
#include "hadal/dao/kernels/cuda/grid.h"
#include "hadal/dao/kernels/cuda/layouts.cuh"
#include "hadal/dao/kernels/cuda/softmax.cuh"

namespace hadal::dao::kernels::cuda::HADAL_DEVICE_NAMESPACE {

/// Where a block of queries takes its keys and values from.
template <class L>
struct HeadSource {
  View<const Bf16> key, value;
  int batch, kv_head, head_dim;
  int first_limit;  ///< how many keys the thread block's first query sees
  int limit_step;   ///< 1 where causal, else 0
  KeyBlocks blocks;

  HADAL_DEVICE KeyBlock next() { return blocks.next(); }

  HADAL_DEVICE void copy(const KeyBlock& block, Tile<L::kHead> keys, Tile<L::kHead> values) const {
    const int first = block.index * kBlock;
    copy_rows<kBlock, L::kThreads>(keys, key.at(batch, kv_head, first), key.token_stride,
                                   block.seen, head_dim);
    copy_rows<kBlock, L::kThreads>(values, value.at(batch, kv_head, first), value.token_stride,
                                   block.seen, head_dim);
  }

  /// Sets what does not count to `value`.
  HADAL_DEVICE void hide(typename L::Scores& scores, const KeyBlock& block,
                         float value = -kInfinity) const {
    const int limit = first_limit - block.index * kBlock;
    if (hides_some(block, limit))
      HADAL_DEVICE_NAMESPACE::hide<L>(scores, block, limit, limit_step, value);
  }
};

template <class L>
HADAL_DEVICE HeadSource<L> source_of(const Shape& shape, View<const Bf16> key,
                                     View<const Bf16> value, const Lists& lists, KeyMask key_mask,
                                     const Item& item) {
  const int step = shape.causal ? 1 : 0;
  return {key,
          value,
          item.batch,
          item.head / (shape.heads / shape.kv_heads),
          shape.head_dim,
          first_limit_of(shape) + item.block * kBlock * step,
          step,
          key_blocks_of(shape, lists, key_mask, item)};
}

/// The last blocks of queries come first, because causal ones take longest.
HADAL_DEVICE Item query_item(const Shape& shape) {
  Item item = item_of(block_index(), shape.heads, blocks_in(shape.queries));
  item.block = blocks_in(shape.queries) - 1 - item.block;
  return item;
}

template <class L>
HADAL_KERNEL(L::kThreads, L::kResident)
void sm80_bf16_attention_forward_kernel(const ForwardParams params) {
  static_assert(L::kRows == kBlock);
  const Shape& shape = params.shape;
  const Item item = query_item(shape);
  const int first = item.block * kBlock;
  const int rows = smaller(kBlock, shape.queries - first);
  auto source = source_of<L>(shape, params.key, params.value, params.lists, params.key_mask, item);
  copy_rows<kBlock, L::kThreads>(SharedTiles<L>::queries(),
                                 params.query.at(item.batch, item.head, first),
                                 params.query.token_stride, first_bits(rows), shape.head_dim);
  Streaming<L> state;
  attend<L>(state, source, shape.scale * kLog2E);
  typename L::Halves log_sum_exp;
  finish<L>(state, log_sum_exp);
  if (L::key_warp() > 0) return;
  store_rows(state.output, params.output.at(item.batch, item.head, first + L::row()),
             params.output.token_stride, rows - L::row(), 0, shape.head_dim);
  float* to =
      params.log_sum_exp + (std::int64_t{item.batch} * shape.heads + item.head) * shape.queries;
  if (thread_index() % 4 != 0) return;
#pragma unroll
  for (int half = 0; half < L::kRowTiles * 2; ++half) {
    const int row = L::row_of(half);
    if (row < rows) to[first + row] = log_sum_exp[half] * kLn2;
  }
}

/// `launch(kernel, thread blocks, threads, bytes of shared memory, params)` starts a kernel.
template <class Launch>
void launch_forward(const ForwardParams& params, Launch& launch) {
  with_padded_head(params.shape.head_dim, [&](auto head) {
    using L = QueryLayout<decltype(head)::value>;
    launch(&sm80_bf16_attention_forward_kernel<L>, query_items(params.shape), L::kThreads,
           SharedTiles<L>::kBytes, params);
  });
}

}  // namespace hadal::dao::kernels::cuda::HADAL_DEVICE_NAMESPACE
