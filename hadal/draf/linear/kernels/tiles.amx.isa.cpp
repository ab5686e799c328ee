#include "hadal/draf/linear/kernels/tiles.h"

#include "hadal/core/tile_setup.h"

// Weights are the left factor, as they lie in memory; activations are the right one, packed. A tile
// of sums is [outputs][rows] and is turned when it is stored.
namespace hadal::draf::kernels::HADAL_ISA_NAMESPACE {
namespace {

using tiles::HADAL_ISA_NAMESPACE::kTileSide;
using tiles::HADAL_ISA_NAMESPACE::TileSetup;
static_assert(kTileSide == kTileRows);

/// 16 x 16 words, turned: pairs of rows first, then of pairs, as a butterfly.
inline void transpose(__m512i (&x)[16]) {
  __m512i y[16];
  for (int i = 0; i < 16; i += 2) {
    y[i] = _mm512_unpacklo_epi32(x[i], x[i + 1]);
    y[i + 1] = _mm512_unpackhi_epi32(x[i], x[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    x[i] = _mm512_unpacklo_epi64(y[i], y[i + 2]);
    x[i + 1] = _mm512_unpackhi_epi64(y[i], y[i + 2]);
    x[i + 2] = _mm512_unpacklo_epi64(y[i + 1], y[i + 3]);
    x[i + 3] = _mm512_unpackhi_epi64(y[i + 1], y[i + 3]);
  }
  for (int i = 0; i < 4; ++i) {
    y[i] = _mm512_shuffle_i32x4(x[i], x[i + 4], 0x88);
    y[i + 4] = _mm512_shuffle_i32x4(x[i], x[i + 4], 0xdd);
    y[i + 8] = _mm512_shuffle_i32x4(x[i + 8], x[i + 12], 0x88);
    y[i + 12] = _mm512_shuffle_i32x4(x[i + 8], x[i + 12], 0xdd);
  }
  for (int i = 0; i < 4; ++i) {
    x[i] = _mm512_shuffle_i32x4(y[i], y[i + 8], 0x88);
    x[i + 4] = _mm512_shuffle_i32x4(y[i + 4], y[i + 12], 0x88);
    x[i + 8] = _mm512_shuffle_i32x4(y[i], y[i + 8], 0xdd);
    x[i + 12] = _mm512_shuffle_i32x4(y[i + 4], y[i + 12], 0xdd);
  }
}

/// Sums of 16 outputs, 16 rows each, to where y has them.
void store_turned(const float* sums, const TilesTask& task, int64_t output, int64_t row) {
  __m512i x[16];
  for (int i = 0; i < 16; ++i) x[i] = _mm512_loadu_si512(sums + i * kTileSide);
  transpose(x);
  const int64_t left = task.outputs - output;
  if (left <= 0) return;
  const auto kept = static_cast<__mmask16>(left >= kTileSide ? 0xffff : (1 << left) - 1);
  const int64_t rows = task.rows - row < kTileSide ? task.rows - row : kTileSide;
  for (int64_t i = 0; i < rows; ++i) {
    _mm512_mask_storeu_epi32(task.y + (row + i) * task.outputs + output, kept, x[i]);
  }
}

/// Outputs `output` on, whose weights these are, of one group of rows, or of two.
template <int groups>
void multiply(const TilesTask& task, const uint16_t* weight, int64_t output, int64_t row) {
  alignas(64) float sums[4][kTileSide * kTileSide];
  const int64_t group = kTileRows * task.depth;
  const uint16_t* right = task.x + row / kTileRows * group;
  const int64_t bytes = 2 * task.depth;
  _tile_zero(0);
  _tile_zero(1);
  if constexpr (groups == 2) {
    _tile_zero(2);
    _tile_zero(3);
  }
  for (int64_t k = 0; k < task.depth; k += kTileDepth) {
    _tile_loadd(4, weight + k, bytes);
    _tile_loadd(5, weight + kTileSide * task.depth + k, bytes);
    _tile_loadd(6, right + k * kTileRows, 64);
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 5, 6);
    if constexpr (groups == 2) {
      _tile_loadd(7, right + group + k * kTileRows, 64);
      _tile_dpbf16ps(2, 4, 7);
      _tile_dpbf16ps(3, 5, 7);
    }
  }
  _tile_stored(0, sums[0], 64);
  _tile_stored(1, sums[1], 64);
  store_turned(sums[0], task, output, row);
  store_turned(sums[1], task, output + kTileSide, row);
  if constexpr (groups == 2) {
    _tile_stored(2, sums[2], 64);
    _tile_stored(3, sums[3], 64);
    store_turned(sums[2], task, output, row + kTileRows);
    store_turned(sums[3], task, output + kTileSide, row + kTileRows);
  }
}

/// The weights from `output` on: where fewer than kTileOutputs are left, a copy with zeros. A copy
/// in the order of the tiles was no faster for 512 rows than the weights as they lie.
const uint16_t* weights_at(const TilesTask& task, int64_t output) {
  const uint16_t* weight = task.weight + output * task.depth;
  const int64_t left = (task.outputs - output) * task.depth;
  if (left >= kTileOutputs * task.depth) return weight;
  for (int64_t i = 0; i < kTileOutputs * task.depth; ++i) task.tail[i] = i < left ? weight[i] : 0;
  return task.tail;
}

/// Rows whose activations stay in the second-level cache while weights pass by.
int64_t rows_at_once(int64_t depth) {
  constexpr int64_t kElements = int64_t{1} << 19;
  const int64_t rows = kElements / depth / (2 * kTileRows) * (2 * kTileRows);
  return rows > 0 ? rows : 2 * kTileRows;
}

}  // namespace

void pack_rows(const uint16_t* x, int64_t rows, int64_t depth, int64_t first, int64_t last,
               uint16_t* to) {
  for (int64_t group = first; group < last; ++group) {
    uint16_t* place = to + group * kTileRows * depth;
    for (int64_t k = 0; k < depth; k += kTileDepth) {
      __m512i words[16];
      for (int64_t i = 0; i < kTileRows; ++i) {
        const int64_t row = group * kTileRows + i;
        words[i] = row < rows ? _mm512_loadu_si512(x + row * depth + k) : _mm512_setzero_si512();
      }
      transpose(words);
      for (int64_t i = 0; i < kTileRows; ++i) {
        _mm512_storeu_si512(place + k * kTileRows + i * kTileDepth, words[i]);
      }
    }
  }
}

void multiply_tiles(const TilesTask& task) {
  const TileSetup setup;
  const int64_t at_once = rows_at_once(task.depth);
  for (int64_t begin = 0; begin < task.rows; begin += at_once) {
    const int64_t end = begin + at_once < task.rows ? begin + at_once : task.rows;
    for (int64_t output = task.first; output < task.last; output += kTileOutputs) {
      const uint16_t* weight = weights_at(task, output);
      __asm__ volatile("" : : : "memory");  // what tiles load, the compiler has stored
      for (int64_t row = begin; row < end; row += 2 * kTileRows) {
        end - row > kTileRows ? multiply<2>(task, weight, output, row)
                              : multiply<1>(task, weight, output, row);
      }
    }
  }
}

}  // namespace hadal::draf::kernels::HADAL_ISA_NAMESPACE
