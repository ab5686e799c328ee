#pragma once

// Attention of one query a head over a paged cache of keys and values. Its pages are shared out
// among thread blocks (Dao et al., "Flash-Decoding", 2023), whose results a second kernel combines.
#include "hadal/dao/kernels/cuda/grid.h"
#include "hadal/dao/kernels/cuda/layouts.cuh"
#include "hadal/dao/kernels/cuda/softmax.cuh"

namespace hadal::dao::kernels::cuda::HADAL_DEVICE_NAMESPACE {

/// Where a thread block takes its keys and values from.
template <class L>
struct PageSource {
  Pages key, value;
  const std::int32_t* page_table;  ///< of the sequence
  int kv_head, head_dim;
  KeyBlocks blocks;

  HADAL_DEVICE KeyBlock next() { return blocks.next(); }

  HADAL_DEVICE void copy(const KeyBlock& block, Tile<L::kHead> keys, Tile<L::kHead> values) const {
    const std::int64_t page = page_table[block.index];
    const auto copy_page = [&](Tile<L::kHead> to, const Pages& from) {
      copy_rows<kBlock, L::kThreads>(
          to, from.data + page * from.page_stride + kv_head * from.head_stride, from.token_stride,
          block.seen, head_dim);
    };
    copy_page(keys, key);
    copy_page(values, value);
  }

  HADAL_DEVICE void hide(typename L::Scores& scores, const KeyBlock& block) const {
    if (hides_some(block, kBlock))
      HADAL_DEVICE_NAMESPACE::hide<L>(scores, block, kBlock, 0, -kInfinity);
  }
};

/// The pages of `row` that are the share of `split`.
HADAL_DEVICE KeyBlocks pages_of(const DecodeParams& params, int batch, std::int64_t row,
                                int split) {
  const int length = params.lengths[batch];
  const int visible = blocks_in(length);
  const bool listed = params.lists.offsets != nullptr;
  const std::int64_t begin = listed ? params.lists.offsets[row] : 0;
  const std::int64_t count = (listed ? params.lists.offsets[row + 1] : visible) - begin;
  return {listed ? params.lists.blocks : nullptr,
          begin + count * split / params.splits,
          begin + count * (split + 1) / params.splits,
          visible,
          length,
          nullptr};
}

/// Stores what a thread block has of its heads, of which there are `rows`.
template <class L>
HADAL_DEVICE void store_partial(const DecodeParams& params, const Streaming<L>& state,
                                const typename L::Halves& log_sum_exp, std::int64_t place,
                                int rows) {
  const int lane = thread_index() % 32;
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const int row = L::row_of(half);
    if (row >= rows) continue;
    float* to = params.partial_output + (place + row) * params.head_dim + lane % 4 * 2;
#pragma unroll
    for (int c = 0; c < L::kHeadTiles; ++c) {
      if (c * 8 >= params.head_dim) continue;
      to[c * 8] = state.output[0][c][half * 2];
      to[c * 8 + 1] = state.output[0][c][half * 2 + 1];
    }
    if (lane % 4 == 0) params.partial_log_sum_exp[place + row] = log_sum_exp[half];
  }
}

/// Thread blocks: [batch, heads / heads_per_row, pieces of kDecodeRows heads, splits].
template <class L>
HADAL_KERNEL(L::kThreads, L::kResident)
void sm80_bf16_attention_decode_kernel(const DecodeParams params) {
  static_assert(L::kRows == kDecodeRows);
  const int pieces = decode_pieces(params);
  const int rows_of_batch = params.heads / params.heads_per_row;
  const auto split = static_cast<int>(block_index() % params.splits);
  const std::int64_t rest = block_index() / params.splits;
  const auto piece = static_cast<int>(rest % pieces);
  const std::int64_t row = rest / pieces;
  const auto batch = static_cast<int>(row / rows_of_batch);
  const int head =
      static_cast<int>(row % rows_of_batch) * params.heads_per_row + piece * kDecodeRows;
  const int rows = smaller(kDecodeRows, params.heads_per_row - piece * kDecodeRows);
  PageSource<L> source{params.key,
                       params.value,
                       params.page_table + batch * params.pages,
                       head / (params.heads / params.kv_heads),
                       params.head_dim,
                       pages_of(params, batch, row, split)};
  copy_rows<kDecodeRows, L::kThreads>(SharedTiles<L>::queries(), params.query.at(batch, head, 0),
                                      static_cast<int>(params.query.head_stride), first_bits(rows),
                                      params.head_dim);
  Streaming<L> state;
  attend<L>(state, source, params.scale * kLog2E);
  typename L::Halves log_sum_exp;
  finish<L>(state, log_sum_exp);
  if (L::key_warp() > 0) return;
  const std::int64_t heads = std::int64_t{params.batch} * params.heads;
  store_partial<L>(params, state, log_sum_exp,
                   split * heads + std::int64_t{batch} * params.heads + head, rows);
}

/// One warp a head: the mean of what its splits have, weighted by their sums of weights.
HADAL_KERNEL(kRowThreads, 1)
void sm80_bf16_attention_decode_combine_kernel(const DecodeParams params) {
  const std::int64_t heads = std::int64_t{params.batch} * params.heads;
  const std::int64_t head = block_index() * (kRowThreads / 32) + thread_index() / 32;
  if (head >= heads) return;
  const float* log_sum_exp = params.partial_log_sum_exp + head;
  float maximum = -kInfinity;
  for (int i = 0; i < params.splits; ++i) maximum = larger(maximum, log_sum_exp[i * heads]);
  const float shift = shift_of(maximum);
  float sum = 0;
  for (int i = 0; i < params.splits; ++i) sum += exp2_of(log_sum_exp[i * heads] - shift);
  const int lane = thread_index() % 32;
  if (lane == 0) params.log_sum_exp[head] = (maximum + log2_of(sum)) * kLn2;
  Bf16* to = params.output.at(head / params.heads, head % params.heads, 0);
  for (int column = lane * 2; column < params.head_dim; column += 64) {
    float low = 0;
    float high = 0;
    for (int i = 0; i < params.splits; ++i) {
      const float weight = sum == 0 ? 0 : exp2_of(log_sum_exp[i * heads] - shift) / sum;
      const float* from = params.partial_output + (i * heads + head) * params.head_dim + column;
      low = fused(weight, from[0], low);
      high = fused(weight, from[1], high);
    }
    *reinterpret_cast<std::uint32_t*>(to + column) = pack(low, high);
  }
}

template <class Launch>
void launch_decode(const DecodeParams& params, Launch& launch) {
  with_padded_head(params.head_dim, [&](auto head) {
    using L = DecodeLayout<decltype(head)::value>;
    launch(&sm80_bf16_attention_decode_kernel<L>, decode_items(params), L::kThreads,
           SharedTiles<L>::kBytes, params);
  });
  launch(&sm80_bf16_attention_decode_combine_kernel,
         row_items(std::int64_t{params.batch} * params.heads), kRowThreads, 0, params);
}

}  // namespace hadal::dao::kernels::cuda::HADAL_DEVICE_NAMESPACE
