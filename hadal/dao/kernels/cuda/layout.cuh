#pragma once

// How a thread block's warps divide a block of queries and a block of keys among them.
#include "hadal/dao/kernels/cuda/blocks.cuh"
#include "hadal/dao/kernels/cuda/tile.cuh"

#include <limits>

namespace hadal::dao::kernels::cuda::HADAL_DEVICE_NAMESPACE {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kLog2E = 1.44269504F;
constexpr float kLn2 = 0.693147181F;

/// A warp works on kRowTiles tiles of 16 queries, and on its share of the keys of a block; its
/// results cover the whole head, and warps that share queries add theirs up at the end. More rows a
/// warp read less of shared memory for the same products; registers bound them.
template <int kHead_, int kRowTiles_, int kRowWarps, int kKeyWarps_, int kResident_>
struct Layout {
  static constexpr int kHead = kHead_;
  static constexpr int kRowTiles = kRowTiles_;
  static constexpr int kKeyWarps = kKeyWarps_;
  static constexpr int kResident = kResident_;  ///< thread blocks that a multiprocessor holds
  static constexpr int kThreads = 32 * kRowWarps * kKeyWarps;
  static constexpr int kRows = 16 * kRowTiles * kRowWarps;
  static constexpr int kKeyTiles = kBlock / 8 / kKeyWarps;
  static constexpr int kHeadTiles = kHead / 8;

  static HADAL_DEVICE int row_warp() { return thread_index() / 32 % kRowWarps; }
  static HADAL_DEVICE int key_warp() { return thread_index() / 32 / kRowWarps; }
  /// The warp's first row and first key.
  static HADAL_DEVICE int row() { return row_warp() * 16 * kRowTiles; }
  static HADAL_DEVICE int key() { return key_warp() * kBlock / kKeyWarps; }
  /// Of the rows in halves of tiles, the one that half `i` has in this lane.
  static HADAL_DEVICE int row_of(int i) { return row() + i * 8 + thread_index() % 32 / 4; }

  using Scores = float[kRowTiles][kKeyTiles][4];
  using Rows = float[kRowTiles][kHeadTiles][4];
  using Halves = float[kRowTiles * 2];  ///< something of each row that a lane has elements of

  /// Floats of shared memory that add_key_warps() uses.
  static constexpr int kSumFloats = (kKeyWarps - 1) * kRows * kHead;
};

/// Whether a pair of blocks has scores that do not count. Row r of the thread block sees the keys
/// of the block below first_limit + r limit_step.
HADAL_DEVICE bool hides_some(const KeyBlock& block, int first_limit) {
  return first_limit < kBlock || block.seen != ~std::uint64_t{0};
}

/// Sets to `value` the elements of a pair's scores that do not count.
template <class L>
HADAL_DEVICE void hide(typename L::Scores& scores, const KeyBlock& block, int first_limit,
                       int limit_step, float value) {
  const int lane = thread_index() % 32;
#pragma unroll
  for (int r = 0; r < L::kRowTiles; ++r) {
#pragma unroll
    for (int t = 0; t < L::kKeyTiles; ++t) {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const int key = L::key() + t * 8 + lane % 4 * 2 + i % 2;
        const int limit = first_limit + L::row_of(r * 2 + i / 2) * limit_step;
        if (key >= limit || (block.seen >> key & 1) == 0) scores[r][t][i] = value;
      }
    }
  }
}

/// Adds up what warps have that share rows; the first of them gets the sum. Uses kSumFloats of
/// `shared`, from when all threads have come here.
template <class L>
HADAL_DEVICE void add_key_warps(typename L::Rows& rows, float* shared) {
  if constexpr (L::kKeyWarps > 1) {
    constexpr int kOwn = L::kRowTiles * L::kHeadTiles * 4;
    const int lane = thread_index() % 32;
    const auto place = [&](int key_warp, int i) -> float& {
      return shared[((key_warp - 1) * (L::kRows / 16 / L::kRowTiles) + L::row_warp()) * kOwn * 32 +
                    i * 32 + lane];
    };
    sync_threads();
    if (L::key_warp() > 0) {
#pragma unroll
      for (int i = 0; i < kOwn; ++i) {
        place(L::key_warp(), i) = rows[i / 4 / L::kHeadTiles][i / 4 % L::kHeadTiles][i % 4];
      }
    }
    sync_threads();
    if (L::key_warp() > 0) return;
    for (int warp = 1; warp < L::kKeyWarps; ++warp) {
#pragma unroll
      for (int i = 0; i < kOwn; ++i) {
        rows[i / 4 / L::kHeadTiles][i / 4 % L::kHeadTiles][i % 4] += place(warp, i);
      }
    }
  }
}

}  // namespace hadal::dao::kernels::cuda::HADAL_DEVICE_NAMESPACE
