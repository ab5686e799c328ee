#pragma once

// Plain types only: this is compiled once an instruction set.
#include "hadal/dao/kernels/forward.h"

namespace hadal::dao::kernels {

/// A block of queries that looks at a block of keys, and the gradients that both give each other.
/// The operands are float, or bf16 with pairs along the dimension that a product sums over; what
/// lies beyond the tokens and the head size is zeros.
struct Pair {
  const void* keys;           ///< [kBlock][padded]
  const void* keys_across;    ///< [padded][kBlock]
  const void* values;         ///< [kBlock][padded]
  const void* queries;        ///< packed as Packed::values
  const void* query_columns;  ///< packed as Packed::keys
  const void* slopes;         ///< the output's gradient, packed as Packed::values
  const void* slope_columns;  ///< the same, packed as Packed::keys
  const float* log_sum_exp;   ///< [kBlock]; infinity for a row that sees nothing
  const float* delta;         ///< [kBlock], what is subtracted from the weights' gradients
  int64_t padded;
  uint64_t real;        ///< a bit a key: 0 for padding and beyond the last
  int64_t first_limit;  ///< query q sees the keys k of the block below first_limit + q limit_step
  int64_t limit_step;   ///< 1 where causal, else 0
  bool careful;         ///< something is not finite and must not reach those that do not see it
  float scale;          ///< of the scores
  float* query_grad;    ///< [padded][kBlock], added to; all but the scale
  float* key_grad;      ///< [kBlock][padded], added to; all but the scale
  float* value_grad;    ///< [kBlock][padded], added to
  float* scratch;       ///< kPairScratch floats, aligned to 64 bytes
};

/// Floats of scratch memory that a pair needs: scores, gradients of the weights, weights, and
/// gradients of the scores in two layouts.
inline constexpr int64_t kPairScratch = 5 * kBlock * kBlock;

}  // namespace hadal::dao::kernels
