#pragma once

// Tiles of rows in shared memory, and the two products that all of attention's kernels are made of.
// A warp works on 16-row tiles; the elements of a 16 x 8 tile of results that a lane holds are
// [0], [1]: row lane / 4, columns 2 (lane % 4) and the next; [2], [3]: the row 8 below.
#include "hadal/dao/kernels/cuda/device.cuh"

namespace hadal::dao::kernels::cuda::HADAL_DEVICE_NAMESPACE {

/// Rows of kHead elements, whose 16-byte chunks are permuted within each 128 bytes so that eight
/// rows' chunks of one column lie in different banks. Starts at a multiple of a row's size.
template <int kHead>
struct Tile {
  static constexpr int kChunks = kHead / kChunk;
  static constexpr int kRowBytes = kHead * static_cast<int>(sizeof(Bf16));
  static constexpr int kBytes = kBlock * kRowBytes;

  SharedAddress address;

  /// Where a chunk lies. As chunks are numbered in bits of their own, chunk c ^ i lies at the
  /// address of c ^ (i * kChunkBytes), and the same chunk i * 8 rows on, i * 8 * kRowBytes further.
  HADAL_DEVICE SharedAddress chunk(int row, int column) const {
    return address + row * kRowBytes + (column ^ (row & 7)) * kChunkBytes;
  }
};

/// Starts copying `kRows` rows, of which those whose bit is set in `there` exist; the others, and
/// what lies beyond `head_dim`, become zeros. `from` must point to the first row, existing or not.
template <int kRows, int kThreads, int kHead>
HADAL_DEVICE void copy_rows(Tile<kHead> to, const Bf16* from, int stride, std::uint64_t there,
                            int head_dim) {
  constexpr int kChunks = Tile<kHead>::kChunks;
  constexpr int kStep = kThreads / kChunks;  // rows that are copied at once
  static_assert(kThreads % kChunks == 0 && kRows % kStep == 0);
  const int row = thread_index() / kChunks;
  const int chunk = thread_index() % kChunks;
  if (chunk * kChunk >= head_dim) there = 0;
  there >>= row;
  const Bf16* source = from + row * stride + chunk * kChunk;
#pragma unroll
  for (int i = 0; i < kRows / kStep; ++i) {
    const bool copies = (there >> (i * kStep) & 1) != 0;
    copy_16_async(to.chunk(row + i * kStep, chunk), copies ? source : from, copies);
    source += kStep * stride;
  }
}

/// to [16 kRowTiles, 8 kTiles] += a b^T: rows from `a_row` of one tile with rows from `b_row` of
/// another.
template <int kRowTiles, int kTiles, int kHead>
HADAL_DEVICE void multiply_rows(float (&to)[kRowTiles][kTiles][4], Tile<kHead> a, int a_row,
                                Tile<kHead> b, int b_row) {
  constexpr int kRowBytes = Tile<kHead>::kRowBytes;
  const int lane = thread_index() % 32;
  const SharedAddress left_rows = a.chunk(a_row + lane % 16, lane / 16);
  // The halves of k of one tile of columns, then those of the next.
  const SharedAddress right_rows = b.chunk(b_row + lane % 8 + lane / 16 * 8, lane / 8 % 2);
#pragma unroll
  for (int k = 0; k < kHead / 16; ++k) {
    std::uint32_t left[kRowTiles][4];
#pragma unroll
    for (int r = 0; r < kRowTiles; ++r) {
      load_matrices(left[r], (left_rows ^ (2 * k * kChunkBytes)) + r * 16 * kRowBytes);
    }
#pragma unroll
    for (int t = 0; t < kTiles; t += 2) {
      std::uint32_t right[4];
      load_matrices(right, (right_rows ^ (2 * k * kChunkBytes)) + t * 8 * kRowBytes);
#pragma unroll
      for (int r = 0; r < kRowTiles; ++r) {
        multiply_add(to[r][t], left[r], right[0], right[1]);
        multiply_add(to[r][t + 1], left[r], right[2], right[3]);
      }
    }
  }
}

/// to [16 kRowTiles, 8 kColumns] += weights b: results of multiply_rows(), rounded to bf16, with
/// rows from `b_row` of a tile, of which the columns from `column` on are used.
template <int kRowTiles, int kTiles, int kColumns, int kHead>
HADAL_DEVICE void multiply_weights(float (&to)[kRowTiles][kColumns][4],
                                   const float (&weights)[kRowTiles][kTiles][4], Tile<kHead> b,
                                   int b_row, int column) {
  const int lane = thread_index() % 32;
  const SharedAddress rows =
      b.chunk(b_row + lane % 16, lane / 16) ^ (column / kChunk * kChunkBytes);
#pragma unroll
  for (int k = 0; k < kTiles; k += 2) {
    // A lane's results of two neighbouring tiles are what it has to bring as the left operand.
    std::uint32_t left[kRowTiles][4];
#pragma unroll
    for (int r = 0; r < kRowTiles; ++r) {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const auto& tile = weights[r][k + i / 2];
        left[r][i] = pack(tile[i % 2 * 2], tile[i % 2 * 2 + 1]);
      }
    }
#pragma unroll
    for (int c = 0; c < kColumns; c += 2) {
      std::uint32_t right[4];
      load_matrices_transposed(right, (rows ^ (c * kChunkBytes)) + k * 8 * Tile<kHead>::kRowBytes);
#pragma unroll
      for (int r = 0; r < kRowTiles; ++r) {
        multiply_add(to[r][c], left[r], right[0], right[1]);
        multiply_add(to[r][c + 1], left[r], right[2], right[3]);
      }
    }
  }
}

template <int kRowTiles, int kTiles>
HADAL_DEVICE void set_zero(float (&to)[kRowTiles][kTiles][4]) {
#pragma unroll
  for (int r = 0; r < kRowTiles; ++r) {
#pragma unroll
    for (int t = 0; t < kTiles; ++t) {
#pragma unroll
      for (int i = 0; i < 4; ++i) to[r][t][i] = 0;
    }
  }
}

/// Stores the first `rows` of 16 kRowTiles rows as bf16, what lies beyond `head_dim` left out. `to`
/// points to the first row's first column, which is `column` of the head.
template <int kRowTiles, int kColumns>
HADAL_DEVICE void store_rows(const float (&from)[kRowTiles][kColumns][4], Bf16* to,
                             std::int64_t stride, int rows, int column, int head_dim) {
  const int lane = thread_index() % 32;
#pragma unroll
  for (int r = 0; r < kRowTiles * 2; ++r) {
    const int row = r * 8 + lane / 4;
    if (row >= rows) continue;
#pragma unroll
    for (int c = 0; c < kColumns; ++c) {
      if (column + c * 8 >= head_dim) continue;
      const auto& tile = from[r / 2][c];
      *reinterpret_cast<std::uint32_t*>(to + row * stride + c * 8 + lane % 4 * 2) =
          pack(tile[r % 2 * 2], tile[r % 2 * 2 + 1]);
    }
  }
}

template <int kRowTiles, int kTiles>
HADAL_DEVICE void scale_all(float (&values)[kRowTiles][kTiles][4], float factor) {
#pragma unroll
  for (int r = 0; r < kRowTiles; ++r) {
#pragma unroll
    for (int t = 0; t < kTiles; ++t) {
#pragma unroll
      for (int i = 0; i < 4; ++i) values[r][t][i] *= factor;
    }
  }
}

}  // namespace hadal::dao::kernels::cuda::HADAL_DEVICE_NAMESPACE
