#pragma once

// The five products of a pair of blocks that all backward kernels share (Dao, 2023): the weights
// from scores and log-sum-exp, their gradients, and from both the gradients of value, key and
// query. Scores are held transposed, [key][query], so that only one of the five operands has to be
// laid out twice. Compiled once an instruction set.
#include "hadal/dao/kernels/backward.h"
#include "hadal/dao/kernels/products.h"
#include "hadal/dao/kernels/seen_products.h"

namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE {

/// A pair's scratch memory, each [key][query].
struct PairState {
  float* scores;         ///< then of no use
  float* weight_grads;   ///< then of no use
  float* weights;        ///< of the element type, as are the rest
  float* score_grads;    ///< as rows of keys
  float* score_columns;  ///< the same in units of neighbouring keys

  explicit PairState(float* scratch)
      : scores(scratch),
        weight_grads(scores + kBlock * kBlock),
        weights(weight_grads + kBlock * kBlock),
        score_grads(weights + kBlock * kBlock),
        score_columns(score_grads + kBlock * kBlock) {}
};

/// to [rows, columns] = a [rows, depth] b [depth, columns], or adds it where `adds`; rows of `to`
/// and b are `columns` apart, those of a `depth` units.
template <class Products, bool adds>
void multiply_blocks(float* to, int64_t rows, int64_t columns, const void* a, const void* b,
                     int64_t depth) {
  typedef typename Products::Unit Unit;
  const auto* right = static_cast<const Unit*>(b);
  Products::template multiply_matrices<Products>(
      to, columns, rows, columns, {static_cast<const Unit*>(a), depth, &right, columns, 1, depth},
      adds);
}

/// The queries from this one on see the key.
inline int64_t first_query(const Pair& pair, int64_t key) {
  if ((pair.real >> key & 1) == 0) return kBlock;
  const int64_t first = key - pair.first_limit + 1;
  if (first <= 0) return 0;
  return pair.limit_step == 0 || first > kBlock ? kBlock : first;
}

/// Sets to -infinity the scores of keys that a query does not see, and their gradients to zero.
inline void mask_pair(const Pair& pair, const PairState& state) {
  for (int64_t key = 0; key < kBlock; ++key) {
    const int64_t first = first_query(pair, key);
    for (int64_t query = 0; query < first; ++query) {
      state.scores[key * kBlock + query] = -__builtin_inff();
      state.weight_grads[key * kBlock + query] = 0;
    }
  }
}

/// Turns scores and gradients of the weights into weights and gradients of the scores, which Math
/// stores a unit of keys at a time.
template <class Math>
void weigh_pair(const Pair& pair, const PairState& state) {
  for (int64_t key = 0; key < kBlock; key += Math::kGroup) {
    for (int64_t query = 0; query < kBlock; query += kWidth) {
      Vector weights[Math::kGroup];
      Vector score_grads[Math::kGroup];
      for (int i = 0; i < Math::kGroup; ++i) {
        const int64_t at = (key + i) * kBlock + query;
        // Rounded as in the log-sum-exp, so that a score that makes it up alone weighs exactly 1.
        const Vector score = rounded(load(state.scores + at) * pair.scale);
        weights[i] = exp2_not_positive((score - load(pair.log_sum_exp + query)) * kLog2E);
        score_grads[i] = weights[i] * (load(state.weight_grads + at) - load(pair.delta + query));
      }
      Math::store_weighed(state, key, query, weights, score_grads);
    }
  }
}

/// The last three products, over the pairs of a query and a key that see each other only.
template <class Math>
void add_seen_gradients(const Pair& pair, const PairState& state) {
  for (int64_t key = 0; key < kBlock; ++key) {
    for (int64_t query = first_query(pair, key); query < kBlock; ++query) {
      const int64_t at = key * kBlock + query;
      const float score_grad = Math::element(state.score_grads, at);
      add_row<Math>(pair.value_grad + key * pair.padded, Math::element(state.weights, at),
                    pair.slopes, query, pair.padded);
      add_row<Math>(pair.key_grad + key * pair.padded, score_grad, pair.queries, query,
                    pair.padded);
      for (int64_t i = 0; i < pair.padded; ++i) {
        pair.query_grad[i * kBlock + query] +=
            Math::element(pair.keys, key * pair.padded + i) * score_grad;
      }
    }
  }
}

template <class Math>
void run_pair(const Pair& pair) {
  const PairState state(pair.scratch);
  const int64_t head_units = pair.padded / Math::kGroup;
  const int64_t block_units = kBlock / Math::kGroup;
  multiply_blocks<Math, false>(state.scores, kBlock, kBlock, pair.keys, pair.query_columns,
                               head_units);
  multiply_blocks<Math, false>(state.weight_grads, kBlock, kBlock, pair.values, pair.slope_columns,
                               head_units);
  const bool whole = pair.first_limit >= kBlock && pair.real == ~uint64_t{0};
  if (!whole) mask_pair(pair, state);
  weigh_pair<Math>(pair, state);
  if (pair.careful && !whole) return add_seen_gradients<Math>(pair, state);
  multiply_blocks<Math, true>(pair.value_grad, kBlock, pair.padded, state.weights, pair.slopes,
                              block_units);
  multiply_blocks<Math, true>(pair.key_grad, kBlock, pair.padded, state.score_grads, pair.queries,
                              block_units);
  multiply_blocks<Math, true>(pair.query_grad, pair.padded, kBlock, pair.keys_across,
                              Math::score_columns(state), block_units);
}

}  // namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE
