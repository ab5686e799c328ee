#pragma once

// Attention of some rows over blocks of keys by a streaming softmax (Milakov and Gimelshein, 2018;
// Dao, 2023), which the forward and the decoding kernel share.
#include "hadal/dao/kernels/cuda/layout.cuh"

namespace hadal::dao::kernels::cuda::HADAL_DEVICE_NAMESPACE {

/// What a warp knows of its rows after some blocks of keys. Halves are those of Layout.
template <class L>
struct Streaming {
  typename L::Rows output;     ///< sums of weighted values
  typename L::Halves maximum;  ///< of the scores times scale and log2(e)
  typename L::Halves sum;      ///< of the weights of this lane's keys

  HADAL_DEVICE Streaming() {
    set_zero(output);
#pragma unroll
    for (int i = 0; i < L::kRowTiles * 2; ++i) {
      maximum[i] = -kInfinity;
      sum[i] = 0;
    }
  }
};

/// What to subtract from scores of which `maximum` is the largest: anything where all are
/// -infinity.
HADAL_DEVICE float shift_of(float maximum) { return maximum == -kInfinity ? 0 : maximum; }

/// Multiplies the rows of a warp's results by factors.
template <class L>
HADAL_DEVICE void rescale(typename L::Rows& rows, const typename L::Halves& factors) {
#pragma unroll
  for (int half = 0; half < L::kRowTiles * 2; ++half) {
#pragma unroll
    for (int c = 0; c < L::kHeadTiles; ++c) {
      rows[half / 2][c][half % 2 * 2] *= factors[half];
      rows[half / 2][c][half % 2 * 2 + 1] *= factors[half];
    }
  }
}

/// Takes the maxima of more scores into account; tells by what to multiply what there is so far.
template <class L>
HADAL_DEVICE void raise_maxima(Streaming<L>& state, const typename L::Scores& scores, float to_log2,
                               typename L::Halves& factors) {
#pragma unroll
  for (int half = 0; half < L::kRowTiles * 2; ++half) {
    const auto& row = scores[half / 2];
    const int first = half % 2 * 2;
    float largest = -kInfinity;
#pragma unroll
    for (int t = 0; t < L::kKeyTiles; ++t) {
      largest = larger(largest, larger(row[t][first], row[t][first + 1]));
    }
    largest = larger(largest, across(largest, 1));
    largest = larger(largest, across(largest, 2));
    const float maximum = larger(state.maximum[half], largest * to_log2);
    factors[half] = exp2_of(state.maximum[half] - shift_of(maximum));
    state.maximum[half] = maximum;
  }
}

/// Turns scores into weights and takes their sum into account, and rescales the output.
template <class L>
HADAL_DEVICE void update(Streaming<L>& state, typename L::Scores& scores, float to_log2) {
  typename L::Halves factors;
  raise_maxima<L>(state, scores, to_log2, factors);
  bool changed = false;
#pragma unroll
  for (int half = 0; half < L::kRowTiles * 2; ++half) {
    const float shift = shift_of(state.maximum[half]);
    float sum = 0;
#pragma unroll
    for (int t = 0; t < L::kKeyTiles; ++t) {
#pragma unroll
      for (int i = half % 2 * 2; i < half % 2 * 2 + 2; ++i) {
        float& score = scores[half / 2][t][i];
        score = exp2_of(fused(score, to_log2, -shift));
        sum += score;
      }
    }
    state.sum[half] = fused(state.sum[half], factors[half], sum);
    changed = changed || factors[half] != 1;
  }
  // After some blocks maxima seldom grow.
  if (any_lane(changed)) rescale<L>(state.output, factors);
}

/// Shared memory of a thread block: queries, and keys and values of two blocks, so that the next
/// ones are copied while one is worked on. At the end it serves to combine what the warps have.
template <class L>
struct SharedTiles {
  static constexpr int kQueryBytes = L::kRows * L::kHead * static_cast<int>(sizeof(Bf16));
  static constexpr int kBytes = kQueryBytes + 4 * Tile<L::kHead>::kBytes;

  static HADAL_DEVICE Tile<L::kHead> at(int bytes) { return {shared_address(bytes)}; }
  static HADAL_DEVICE Tile<L::kHead> queries() { return at(0); }
  static HADAL_DEVICE Tile<L::kHead> keys(int stage) {
    return at(kQueryBytes + 2 * stage * Tile<L::kHead>::kBytes);
  }
  static HADAL_DEVICE Tile<L::kHead> values(int stage) {
    return at(kQueryBytes + (2 * stage + 1) * Tile<L::kHead>::kBytes);
  }
  static HADAL_DEVICE float* combining() {
    return reinterpret_cast<float*>(shared_memory() + kQueryBytes);
  }
};

/// Goes through the blocks that `source` has: next() tells the next KeyBlock, copy(block, keys,
/// values) starts copying it to shared memory, and hide(scores, block) sets to -infinity what does
/// not count. The copying of the queries has been started before.
template <class L, class Source>
HADAL_DEVICE void attend(Streaming<L>& state, Source& source, float to_log2) {
  using Shared = SharedTiles<L>;
  KeyBlock block = source.next();
  if (block.index >= 0) source.copy(block, Shared::keys(0), Shared::values(0));
  for (int stage = 0; block.index >= 0; stage ^= 1) {
    wait_for_copies();
    // Now all have this block, and none works on the one before, whose place the next one takes.
    sync_threads();
    const KeyBlock next = source.next();
    if (next.index >= 0) source.copy(next, Shared::keys(stage ^ 1), Shared::values(stage ^ 1));
    typename L::Scores scores;
    set_zero(scores);
    multiply_rows(scores, Shared::queries(), L::row(), Shared::keys(stage), L::key());
    source.hide(scores, block);
    update<L>(state, scores, to_log2);
    multiply_weights(state.output, scores, Shared::values(stage), L::key(), 0);
    block = next;
  }
}

/// Makes the output of the first of the warps that share rows the weighted mean over all keys, and
/// `log_sum_exp` that of the rows, to base 2. A row that sees nothing gives zeros.
template <class L>
HADAL_DEVICE void finish(Streaming<L>& state, typename L::Halves& log_sum_exp) {
  float* maxima = SharedTiles<L>::combining();
  float* sums = maxima + L::kKeyWarps * L::kRows;
  static_assert((2 * L::kKeyWarps * L::kRows + L::kSumFloats) * 4 <= 4 * Tile<L::kHead>::kBytes);
  sync_threads();
#pragma unroll
  for (int half = 0; half < L::kRowTiles * 2; ++half) {
    state.sum[half] += across(state.sum[half], 1);
    state.sum[half] += across(state.sum[half], 2);
    const int place = L::key_warp() * L::kRows + L::row_of(half);
    maxima[place] = state.maximum[half];
    sums[place] = state.sum[half];
  }
  sync_threads();
  typename L::Halves factors;
#pragma unroll
  for (int half = 0; half < L::kRowTiles * 2; ++half) {
    const int row = L::row_of(half);
    float maximum = -kInfinity;
    for (int i = 0; i < L::kKeyWarps; ++i) maximum = larger(maximum, maxima[i * L::kRows + row]);
    const float shift = shift_of(maximum);
    float sum = 0;
    for (int i = 0; i < L::kKeyWarps; ++i) {
      sum += sums[i * L::kRows + row] * exp2_of(maxima[i * L::kRows + row] - shift);
    }
    log_sum_exp[half] = maximum + log2_of(sum);
    const float own = exp2_of(state.maximum[half] - shift);
    factors[half] = sum == 0 ? 0 : own / sum;
  }
  rescale<L>(state.output, factors);
  add_key_warps<L>(state.output, sums + L::kKeyWarps * L::kRows);
}

}  // namespace hadal::dao::kernels::cuda::HADAL_DEVICE_NAMESPACE
