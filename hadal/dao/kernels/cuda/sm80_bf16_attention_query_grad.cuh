#pragma once

// The gradient of attention's queries (Dao, 2023): one thread block a block of queries, which goes
// through its blocks of keys in order, so that results have the same bits each time.
#include "hadal/dao/kernels/cuda/sm80_bf16_attention_forward.cuh"

namespace hadal::dao::kernels::cuda::HADAL_DEVICE_NAMESPACE {

/// Shared memory: queries, the output's gradients ("slopes"), keys and values of two blocks.
template <class L>
struct QueryGradTiles {
  static constexpr int kTile = Tile<L::kHead>::kBytes;
  static constexpr int kBytes = 6 * kTile;

  static HADAL_DEVICE Tile<L::kHead> at(int index) { return {shared_address(index * kTile)}; }
  static HADAL_DEVICE Tile<L::kHead> queries() { return at(0); }
  static HADAL_DEVICE Tile<L::kHead> slopes() { return at(1); }
  static HADAL_DEVICE Tile<L::kHead> keys(int stage) { return at(2 + 2 * stage); }
  static HADAL_DEVICE Tile<L::kHead> values(int stage) { return at(3 + 2 * stage); }
  static HADAL_DEVICE float* combining() {
    return reinterpret_cast<float*>(shared_memory() + 2 * kTile);
  }
};

/// The terms of a warp's rows.
template <class L>
struct WarpTerms {
  typename L::Halves log_sum_exp, delta;

  HADAL_DEVICE WarpTerms(const RowTerm* terms, int rows) {
#pragma unroll
    for (int half = 0; half < L::kRowTiles * 2; ++half) {
      const int row = L::row_of(half);
      log_sum_exp[half] = row < rows ? terms[row].log_sum_exp : kInfinity;
      delta[half] = row < rows ? terms[row].delta : 0;
    }
  }
};

/// Turns scores into their gradients, from those of the weights.
template <class L>
HADAL_DEVICE void score_grads(typename L::Scores& scores, const typename L::Scores& weight_grads,
                              const WarpTerms<L>& terms, float to_log2) {
#pragma unroll
  for (int r = 0; r < L::kRowTiles; ++r) {
#pragma unroll
    for (int t = 0; t < L::kKeyTiles; ++t) {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const int half = r * 2 + i / 2;
        const float weight = exp2_of(fused(scores[r][t][i], to_log2, -terms.log_sum_exp[half]));
        scores[r][t][i] = weight * (weight_grads[r][t][i] - terms.delta[half]);
      }
    }
  }
}

template <class L>
HADAL_DEVICE void add_query_grads(typename L::Rows& grads, HeadSource<L>& source,
                                  const WarpTerms<L>& terms, float to_log2) {
  using Shared = QueryGradTiles<L>;
  KeyBlock block = source.next();
  if (block.index >= 0) source.copy(block, Shared::keys(0), Shared::values(0));
  for (int stage = 0; block.index >= 0; stage ^= 1) {
    wait_for_copies();
    sync_threads();
    const KeyBlock next = source.next();
    if (next.index >= 0) source.copy(next, Shared::keys(stage ^ 1), Shared::values(stage ^ 1));
    typename L::Scores scores, weight_grads;
    set_zero(scores);
    set_zero(weight_grads);
    multiply_rows(scores, Shared::queries(), L::row(), Shared::keys(stage), L::key());
    multiply_rows(weight_grads, Shared::slopes(), L::row(), Shared::values(stage), L::key());
    score_grads<L>(scores, weight_grads, terms, to_log2);
    source.hide(scores, block, 0);
    multiply_weights(grads, scores, Shared::keys(stage), L::key(), 0);
    block = next;
  }
}

template <class L>
HADAL_KERNEL(L::kThreads, L::kResident)
void sm80_bf16_attention_query_grad_kernel(const BackwardParams params) {
  using Shared = QueryGradTiles<L>;
  static_assert(L::kSumFloats * 4 <= 4 * Shared::kTile);
  const Shape& shape = params.shape;
  const Item item = query_item(shape);
  const int first = item.block * kBlock;
  const int rows = smaller(kBlock, shape.queries - first);
  auto source = source_of<L>(shape, params.key, params.value, params.lists, params.key_mask, item);
  const auto copy = [&](Tile<L::kHead> to, const View<const Bf16>& from) {
    copy_rows<kBlock, L::kThreads>(to, from.at(item.batch, item.head, first), from.token_stride,
                                   first_bits(rows), shape.head_dim);
  };
  copy(Shared::queries(), params.query);
  copy(Shared::slopes(), params.output_grad);
  const std::int64_t head = std::int64_t{item.batch} * shape.heads + item.head;
  const WarpTerms<L> terms(params.terms + head * shape.queries + first, rows);
  typename L::Rows grads;
  set_zero(grads);
  add_query_grads<L>(grads, source, terms, shape.scale * kLog2E);
  add_key_warps<L>(grads, Shared::combining());
  if (L::key_warp() > 0) return;
  scale_all(grads, shape.scale);
  store_rows(grads, params.query_grad.at(item.batch, item.head, first + L::row()),
             params.query_grad.token_stride, rows - L::row(), 0, shape.head_dim);
}

}  // namespace hadal::dao::kernels::cuda::HADAL_DEVICE_NAMESPACE
