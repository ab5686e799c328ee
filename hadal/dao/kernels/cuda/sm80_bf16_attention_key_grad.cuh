#pragma once

// The gradients of attention's keys and values (Dao, 2023): one thread block a block of keys, which
// goes through the blocks of queries that look at it in order, so that results have the same bits
// each time. Scores are held transposed, a row a key, because then the weights are the left operand
// of both gradients as they are.
#include "hadal/dao/kernels/cuda/blocks.cuh"
#include "hadal/dao/kernels/cuda/layout.cuh"

namespace hadal::dao::kernels::cuda::HADAL_DEVICE_NAMESPACE {

/// Each warp works on 16 keys. Larger heads have two warps for the same keys, which share out the
/// gradients' columns and both compute the scores.
template <int kHead_>
struct KeyLayout {
  static constexpr int kHead = kHead_;
  static constexpr int kColumnWarps = kHead > 128 ? 2 : 1;
  static constexpr int kThreads = 32 * (kBlock / 16) * kColumnWarps;
  static constexpr int kResident = kHead > 128 ? 1 : 2;
  static constexpr int kColumnTiles = kHead / 8 / kColumnWarps;
  static constexpr int kQueries = 32;  ///< of a block that are worked on at once, to save registers
  static constexpr int kQueryTiles = kQueries / 8;

  static HADAL_DEVICE int key() { return thread_index() / 32 % (kBlock / 16) * 16; }
  static HADAL_DEVICE int column() {
    return thread_index() / 32 / (kBlock / 16) * kColumnTiles * 8;
  }

  using Scores = float[1][kQueryTiles][4];
  using Grads = float[1][kColumnTiles][4];

  // Shared memory: keys, values, and of two blocks of queries these, the output's gradients
  // ("slopes") and terms.
  static constexpr int kTile = Tile<kHead>::kBytes;
  static constexpr int kStage = 2 * kTile + kBlock * static_cast<int>(sizeof(RowTerm));
  static constexpr int kBytes = 2 * kTile + 2 * kStage;

  static HADAL_DEVICE Tile<kHead> tile(int bytes) { return {shared_address(bytes)}; }
  static HADAL_DEVICE Tile<kHead> keys() { return tile(0); }
  static HADAL_DEVICE Tile<kHead> values() { return tile(kTile); }
  static HADAL_DEVICE Tile<kHead> queries(int stage) { return tile(2 * kTile + stage * kStage); }
  static HADAL_DEVICE Tile<kHead> slopes(int stage) { return tile(3 * kTile + stage * kStage); }
  /// In bytes.
  static HADAL_DEVICE int terms(int stage) { return 4 * kTile + stage * kStage; }
};

template <class L>
HADAL_DEVICE void copy_queries(const BackwardParams& params, int batch, const QueryBlock& block,
                               int stage) {
  const int first = block.index * kBlock;
  const int rows = smaller(kBlock, params.shape.queries - first);
  const auto copy = [&](Tile<L::kHead> to, const View<const Bf16>& from) {
    copy_rows<kBlock, L::kThreads>(to, from.at(batch, block.head, first), from.token_stride,
                                   first_bits(rows), params.shape.head_dim);
  };
  copy(L::queries(stage), params.query);
  copy(L::slopes(stage), params.output_grad);
  const int row = thread_index();
  if (row >= kBlock) return;
  const std::int64_t head = std::int64_t{batch} * params.shape.heads + block.head;
  const RowTerm* terms = params.terms + head * params.shape.queries + first;
  copy_8_async(shared_address(L::terms(stage)) + row * static_cast<int>(sizeof(RowTerm)),
               terms + (row < rows ? row : 0), row < rows);
}

/// Which elements of a pair's scores count.
struct Seen {
  std::uint64_t keys;  ///< of the block
  int first_limit;     ///< query q of the block sees its keys below first_limit + q limit_step
  int limit_step;

  HADAL_DEVICE bool all() const { return first_limit >= kBlock && keys == ~std::uint64_t{0}; }
  HADAL_DEVICE bool at(int key, int query) const {
    return key < first_limit + query * limit_step && (keys >> key & 1) != 0;
  }
};

/// Turns scores into weights, and gradients of weights into those of scores, for queries of a block
/// from `first` on. Queries that do not exist have slopes and terms of zero, and so no effect.
template <class L>
HADAL_DEVICE void weigh(typename L::Scores& scores, typename L::Scores& grads, const RowTerm* terms,
                        int first, const Seen& seen, float to_log2) {
  const int lane = thread_index() % 32;
  const bool all = seen.all();
#pragma unroll
  for (int t = 0; t < L::kQueryTiles; ++t) {
#pragma unroll
    for (int column = 0; column < 2; ++column) {
      const int query = first + t * 8 + lane % 4 * 2 + column;
      const RowTerm term = terms[query];
#pragma unroll
      for (int row = 0; row < 2; ++row) {
        float& score = scores[0][t][row * 2 + column];
        float& grad = grads[0][t][row * 2 + column];
        score = exp2_of(fused(score, to_log2, -term.log_sum_exp));
        grad = score * (grad - term.delta);
        if (!all && !seen.at(L::key() + row * 8 + lane / 4, query)) score = grad = 0;
      }
    }
  }
}

template <class L>
HADAL_DEVICE void add_key_grads(typename L::Grads& key_grads, typename L::Grads& value_grads,
                                int stage, const Seen& seen, float to_log2) {
  const auto* terms = reinterpret_cast<const RowTerm*>(shared_memory() + L::terms(stage));
#pragma unroll 1
  for (int first = 0; first < kBlock; first += L::kQueries) {
    typename L::Scores scores, grads;
    set_zero(scores);
    set_zero(grads);
    multiply_rows(scores, L::keys(), L::key(), L::queries(stage), first);
    multiply_rows(grads, L::values(), L::key(), L::slopes(stage), first);
    weigh<L>(scores, grads, terms, first, seen, to_log2);
    multiply_weights(value_grads, scores, L::slopes(stage), first, L::column());
    multiply_weights(key_grads, grads, L::queries(stage), first, L::column());
  }
}

/// `item` is a block of a key head.
template <class L>
HADAL_DEVICE void add_queries(const BackwardParams& params, const Item& item, Seen seen,
                              typename L::Grads& key_grads, typename L::Grads& value_grads) {
  const Shape& shape = params.shape;
  const int limit = first_limit_of(shape) - item.block * kBlock;
  const float to_log2 = shape.scale * kLog2E;
  QueryBlocks blocks(shape, params.transposed, item);
  QueryBlock block = blocks.next();
  if (block.head >= 0) copy_queries<L>(params, item.batch, block, 0);
  for (int stage = 0; block.head >= 0; stage ^= 1) {
    wait_for_copies();
    sync_threads();
    const QueryBlock next = blocks.next();
    if (next.head >= 0) copy_queries<L>(params, item.batch, next, stage ^ 1);
    seen.first_limit = limit + block.index * kBlock * seen.limit_step;
    add_key_grads<L>(key_grads, value_grads, stage, seen, to_log2);
    block = next;
  }
}

template <class L>
HADAL_KERNEL(L::kThreads, L::kResident)
void sm80_bf16_attention_key_grad_kernel(const BackwardParams params) {
  const Shape& shape = params.shape;
  // The first blocks of keys come first, because causal ones take longest.
  const Item item = item_of(block_index(), shape.kv_heads, blocks_in(shape.keys));
  const int first = item.block * kBlock;
  const int rows = smaller(kBlock, shape.keys - first);
  Seen seen{first_bits(rows), 0, shape.causal ? 1 : 0};
  if (params.key_mask != nullptr) {
    seen.keys &= params.key_mask[std::int64_t{item.batch} * blocks_in(shape.keys) + item.block];
  }
  const auto copy = [&](Tile<L::kHead> to, const View<const Bf16>& from) {
    copy_rows<kBlock, L::kThreads>(to, from.at(item.batch, item.head, first), from.token_stride,
                                   seen.keys, shape.head_dim);
  };
  copy(L::keys(), params.key);
  copy(L::values(), params.value);
  typename L::Grads key_grads, value_grads;
  set_zero(key_grads);
  set_zero(value_grads);
  add_queries<L>(params, item, seen, key_grads, value_grads);
  scale_all(key_grads, shape.scale);
  const auto store = [&](const typename L::Grads& grads, const View<Bf16>& to) {
    store_rows(grads, to.at(item.batch, item.head, first + L::key()) + L::column(), to.token_stride,
               rows - L::key(), L::column(), shape.head_dim);
  };
  store(key_grads, params.key_grad);
  store(value_grads, params.value_grad);
}

}  // namespace hadal::dao::kernels::cuda::HADAL_DEVICE_NAMESPACE
