#include "hadal/draf/linear/kernels/tiles.h"

#include "hadal/core/tile_setup.h"
#include "hadal/draf/linear/kernels/transpose.h"

// Weights are the left factor; activations are the right one, packed. A tile of sums is
// [outputs][rows] and is turned when it is stored. Sums over the depth go on in the same order
// whether they stay in tiles or are put aside between blocks of it.
namespace hadal::draf::kernels::HADAL_ISA_NAMESPACE {
namespace {

using tiles::HADAL_ISA_NAMESPACE::kTileSide;
using tiles::HADAL_ISA_NAMESPACE::TileSetup;
static_assert(kTileSide == kTileRows && 2 * kTileSide == kTileOutputs);

constexpr int64_t kTile = kTileSide * kTileSide;  // words of a tile
constexpr int64_t kTileBytes = 64;                // between rows of a tile that is by itself

int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

/// Where pack_rows() puts what `groups` groups of rows have from input k on, for group `group`; a
/// group's next inputs follow, up to a multiple of kTilesDepth.
int64_t place_of(int64_t groups, int64_t depth, int64_t group, int64_t k) {
  const int64_t before = k / kTilesDepth * kTilesDepth;
  const int64_t slice = smaller(kTilesDepth, depth - before);
  return (before * groups + slice * group + k - before) * kTileRows;
}

int64_t groups_of(int64_t rows) { return (rows + kTileRows - 1) / kTileRows; }

/// Weights of kTileOutputs outputs, of which those of 16 are a tile.
struct Weights {
  const uint16_t* data;
  int64_t stride;  // elements between outputs
  int64_t half;    // between the two tiles
  int64_t step;    // between tiles along the depth
};

/// Weights that come next, to be fetched meanwhile: some outputs' of them, `depth` elements each.
struct Ahead {
  const uint16_t* data;
  int64_t stride;
  int64_t outputs;
};

/// Adds products over `depth` to tiles 0 to 3: of the two tiles of weights with one group of rows,
/// or with two.
template <int groups>
void multiply(const Weights& weights, const uint16_t* x, int64_t depth, const Ahead& ahead) {
  const int64_t bytes = 2 * weights.stride;
  for (int64_t k = 0; k < depth; k += kTileDepth) {
    const uint16_t* weight = weights.data + k / kTileDepth * weights.step;
    for (int64_t i = 0; i < ahead.outputs; ++i) {
      __builtin_prefetch(ahead.data + i * ahead.stride + k, 0, 2);
    }
    _tile_loadd(4, weight, bytes);
    _tile_loadd(5, weight + weights.half, bytes);
    _tile_loadd(6, x + k * kTileRows, kTileBytes);
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 5, 6);
    if constexpr (groups == 2) {
      _tile_loadd(7, x + (depth + k) * kTileRows, kTileBytes);
      _tile_dpbf16ps(2, 4, 7);
      _tile_dpbf16ps(3, 5, 7);
    }
  }
}

template <int groups>
void zero_sums() {
  _tile_zero(0);
  _tile_zero(1);
  if constexpr (groups == 2) {
    _tile_zero(2);
    _tile_zero(3);
  }
}

template <int groups>
void load_sums(const float* sums) {
  _tile_loadd(0, sums, kTileBytes);
  _tile_loadd(1, sums + kTile, kTileBytes);
  if constexpr (groups == 2) {
    _tile_loadd(2, sums + 2 * kTile, kTileBytes);
    _tile_loadd(3, sums + 3 * kTile, kTileBytes);
  }
}

template <int groups>
void store_sums(float* sums) {
  _tile_stored(0, sums, kTileBytes);
  _tile_stored(1, sums + kTile, kTileBytes);
  if constexpr (groups == 2) {
    _tile_stored(2, sums + 2 * kTile, kTileBytes);
    _tile_stored(3, sums + 3 * kTile, kTileBytes);
  }
}

__mmask16 first_lanes(int64_t count) {
  if (count <= 0) return 0;
  return static_cast<__mmask16>(count >= kTileSide ? 0xffff : (1 << count) - 1);
}

/// Sums of kTileOutputs outputs, 16 rows each, as results to where y has them.
void store_results(const float* sums, const TilesTask& task, int64_t output, int64_t row) {
  __m512i low[16];
  __m512i high[16];
  for (int i = 0; i < 16; ++i) {
    low[i] = _mm512_loadu_si512(sums + i * kTileSide);
    high[i] = _mm512_loadu_si512(sums + kTile + i * kTileSide);
  }
  transpose(low);
  transpose(high);
  const int64_t left = task.outputs - output;
  const __mmask16 kept_low = first_lanes(left);
  const __mmask16 kept_high = first_lanes(left - kTileSide);
  const auto kept = static_cast<__mmask32>(kept_low | static_cast<uint32_t>(kept_high) << 16);
  __m512 bias_low = _mm512_setzero_ps();
  __m512 bias_high = _mm512_setzero_ps();
  if (task.bias) {
    bias_low = _mm512_maskz_loadu_ps(kept_low, task.bias + output);
    bias_high = _mm512_maskz_loadu_ps(kept_high, task.bias + output + kTileSide);
  }
  const int64_t rows = smaller(task.rows - row, kTileSide);
  for (int64_t i = 0; i < rows; ++i) {
    const __m512 first = _mm512_add_ps(_mm512_castsi512_ps(low[i]), bias_low);
    const __m512 second = _mm512_add_ps(_mm512_castsi512_ps(high[i]), bias_high);
    _mm512_mask_storeu_epi16(task.y + (row + i) * task.outputs + output, kept,
                             reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(second, first)));
  }
}

template <int groups>
void store_all_results(const float* sums, const TilesTask& task, int64_t output, int64_t row) {
  store_results(sums, task, output, row);
  if constexpr (groups == 2) store_results(sums + 2 * kTile, task, output, row + kTileRows);
}

/// Calls work.operator()<groups>(row) for rows `begin` to `end`, two groups of them a call.
template <class Work>
void for_each_pair(int64_t begin, int64_t end, const Work& work) {
  int64_t row = begin;
  for (; end - row > kTileRows; row += 2 * kTileRows) work.template operator()<2>(row);
  if (row < end) work.template operator()<1>(row);
}

/// The weights from `output` on, a copy with zeros where fewer than kTileOutputs are left.
const uint16_t* weights_at(const TilesTask& task, int64_t output) {
  const uint16_t* weight = task.weight + output * task.depth;
  const int64_t left = (task.outputs - output) * task.depth;
  if (left >= kTileOutputs * task.depth) return weight;
  for (int64_t i = 0; i < kTileOutputs * task.depth; ++i) {
    task.weights[i] = i < left ? weight[i] : 0;
  }
  return task.weights;
}

const uint16_t* rows_at(const TilesTask& task, int64_t row, int64_t k) {
  return task.x + place_of(groups_of(task.rows), task.depth, row / kTileRows, k);
}

void multiply_few_rows(const TilesTask& task) {
  alignas(64) float sums[4 * kTile];
  for (int64_t output = task.first; output < task.last; output += kTileOutputs) {
    const uint16_t* weights = weights_at(task, output);
    __asm__ volatile("" : : : "memory");  // what tiles load, the compiler has stored
    for_each_pair(0, task.rows, [&]<int groups>(int64_t row) {
      zero_sums<groups>();
      for (int64_t k = 0; k < task.depth; k += kTilesDepth) {
        const Weights here{weights + k, task.depth, kTileSide * task.depth, kTileDepth};
        multiply<groups>(here, rows_at(task, row, k), smaller(kTilesDepth, task.depth - k), {});
      }
      store_sums<groups>(sums);
      store_all_results<groups>(sums, task, output, row);
    });
  }
}

/// Inputs `k` to k + depth of the weights from `output` on, in the order of the tiles, zeros where
/// there are no more outputs.
void pack_weights(const TilesTask& task, int64_t output, int64_t k, int64_t depth) {
  const int64_t outputs = smaller(task.outputs - output, kTileOutputs);
  for (int64_t i = 0; i < kTileOutputs; ++i) {
    const uint16_t* from = task.weight + (output + i) * task.depth + k;
    uint16_t* to = task.weights + i * kTileDepth;
    for (int64_t j = 0; j < depth; j += kTileDepth) {
      _mm512_storeu_si512(to + j * kTileOutputs,
                          i < outputs ? _mm512_loadu_si512(from + j) : _mm512_setzero_si512());
    }
  }
}

/// Rows, a panel of outputs, and a part of the depth.
struct Block {
  int64_t begin, end;  // of the rows
  int64_t output;
  int64_t k, depth;
  float* sums;  // of the rows and the panel
};

/// `next` is where the weights of the block after this one lie, or null.
void multiply_block(const TilesTask& task, const Block& block, const uint16_t* next) {
  pack_weights(task, block.output, block.k, block.depth);
  __asm__ volatile("" : : : "memory");
  const Weights weights{task.weights, kTileDepth, kTileSide * kTileDepth,
                        kTileOutputs * kTileDepth};
  const int64_t pairs = (block.end - block.begin + 2 * kTileRows - 1) / (2 * kTileRows);
  for_each_pair(block.begin, block.end, [&]<int groups>(int64_t row) {
    const int64_t pair = (row - block.begin) / (2 * kTileRows);
    const int64_t fetched = kTileOutputs * pair / pairs;
    const Ahead ahead{next + fetched * task.depth, task.depth,
                      next ? kTileOutputs * (pair + 1) / pairs - fetched : 0};
    float* sums = block.sums + pair * 4 * kTile;
    block.k == 0 ? zero_sums<groups>() : load_sums<groups>(sums);
    multiply<groups>(weights, rows_at(task, row, block.k), block.depth, ahead);
    store_sums<groups>(sums);
    if (block.k + block.depth == task.depth) {
      store_all_results<groups>(sums, task, block.output, row);
    }
  });
}

/// Rows `begin` to `end`, and up to kTilesPanels panels of outputs from `first` on.
void multiply_panels(const TilesTask& task, int64_t begin, int64_t end, int64_t first) {
  const int64_t last = smaller(first + kTilesPanels * kTileOutputs, task.last);
  const int64_t panel_sums = tiles_scratch_floats(task.rows) / kTilesPanels;
  for (int64_t k = 0; k < task.depth; k += kTilesDepth) {
    const int64_t depth = smaller(kTilesDepth, task.depth - k);
    for (int64_t output = first; output < last; output += kTileOutputs) {
      const bool more = output + 2 * kTileOutputs <= last;
      const uint16_t* next = more ? task.weight + (output + kTileOutputs) * task.depth + k
                             : k + 2 * kTilesDepth <= task.depth && first + kTileOutputs <= last
                                 ? task.weight + first * task.depth + k + kTilesDepth
                                 : nullptr;
      multiply_block(task,
                     {.begin = begin,
                      .end = end,
                      .output = output,
                      .k = k,
                      .depth = depth,
                      .sums = task.sums + (output - first) / kTileOutputs * panel_sums},
                     next);
    }
  }
}

}  // namespace

void pack_rows(const uint16_t* x, int64_t rows, int64_t depth, int64_t first, int64_t last,
               uint16_t* to) {
  for (int64_t group = first; group < last; ++group) {
    for (int64_t k = 0; k < depth; k += kTileDepth) {
      __m512i words[16];
      for (int64_t i = 0; i < kTileRows; ++i) {
        const int64_t row = group * kTileRows + i;
        words[i] = row < rows ? _mm512_loadu_si512(x + row * depth + k) : _mm512_setzero_si512();
      }
      transpose(words);
      uint16_t* place = to + place_of(groups_of(rows), depth, group, k);
      for (int64_t i = 0; i < kTileRows; ++i) {
        _mm512_storeu_si512(place + i * kTileDepth, words[i]);
      }
    }
  }
}

void multiply_tiles(const TilesTask& task) {
  const TileSetup setup;
  if (task.rows <= kFewRows) {
    multiply_few_rows(task);
    return;
  }
  for (int64_t begin = 0; begin < task.rows; begin += kTilesRows) {
    const int64_t end = smaller(begin + kTilesRows, task.rows);
    for (int64_t first = task.first; first < task.last; first += kTilesPanels * kTileOutputs) {
      multiply_panels(task, begin, end, first);
    }
  }
}

}  // namespace hadal::draf::kernels::HADAL_ISA_NAMESPACE
