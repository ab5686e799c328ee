#include "hadal/draf/linear/kernels/block_tiles.h"

#include "hadal/core/tile_setup.h"
#include "hadal/dao/kernels/vector.h"

// Products of blocks in tiles of bytes, [rows][inputs] times [inputs / 4][outputs][4], summed up
// exactly; scales are applied to each block's sums, a row a vector.
namespace hadal::draf::kernels::HADAL_ISA_NAMESPACE {
namespace {

using tiles::HADAL_ISA_NAMESPACE::kTileSide;
using tiles::HADAL_ISA_NAMESPACE::TileSetup;
static_assert(kTileSide == kActivationRows && kTileSide == kGroup);

constexpr int64_t kTileBytes = 64;  // between rows of sums, and of weights
constexpr int64_t kBlockCodes = kBlockInputs * kGroup;
typedef __m512 Sums[kActivationRows];

#define HADAL_INLINE inline __attribute__((always_inline))

/// Calls work.operator()<row>() for each row of a tile, such that the compiler knows the row and
/// keeps Sums in registers.
template <int row = 0, class Work>
HADAL_INLINE void each_row(const Work& work) {
  if constexpr (row < kActivationRows) {
    work.template operator()<row>();
    each_row<row + 1>(work);
  }
}

int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

struct Int4Tiles {
  typedef Int4Block Block;

  static void unpack(const Block& block, int8_t* to) {
    const __m512i mask = _mm512_set1_epi8(15);
    const __m512i zero = _mm512_set1_epi8(8);
    for (int64_t q = 0; q < kQuads / 2; ++q) {
      const __m512i codes = _mm512_loadu_si512(block.codes[q]);
      const __m512i low = _mm512_and_si512(codes, mask);
      const __m512i high = _mm512_and_si512(_mm512_srli_epi16(codes, 4), mask);
      _mm512_storeu_si512(to + q * kTileBytes, _mm512_sub_epi8(low, zero));
      _mm512_storeu_si512(to + (q + kQuads / 2) * kTileBytes, _mm512_sub_epi8(high, zero));
    }
  }
  /// By which a block's sums are multiplied, beside the row's.
  static __m512 scales(const Block& block) {
    const __m256i halves = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(block.scales));
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
  }
  static __m512 scaled(__m512 scales, float of_row) {
    return _mm512_mul_ps(scales, _mm512_set1_ps(of_row));
  }
  static __m512 finish(__m512 sum, const float*) { return sum; }
};

struct Int8Tiles {
  typedef Int8Block Block;

  static void unpack(const Block& block, int8_t* to) {
    __builtin_memcpy(to, block.codes, sizeof block.codes);
  }
  static __m512 scales(const Block&) { return _mm512_setzero_ps(); }
  static __m512 scaled(__m512, float of_row) { return _mm512_set1_ps(of_row); }
  static __m512 finish(__m512 sum, const float* scales) {
    return _mm512_mul_ps(sum, _mm512_loadu_ps(scales));
  }
};

/// Puts a block's exact sums into `sums`.
inline void multiply(const ActivationTile& x, const int8_t* codes, int32_t* sums) {
  _tile_zero(0);
  _tile_loadd(4, x.codes, kBlockInputs);
  _tile_loadd(6, codes, kTileBytes);
  _tile_dpbssd(0, 4, 6);
  _tile_stored(0, sums, kTileBytes);
}

template <class Format>
HADAL_INLINE void add_scaled(const ActivationTile& x, const typename Format::Block& block,
                             const int32_t* products, Sums& sums) {
  const __m512 scales = Format::scales(block);
  each_row([&]<int row>() __attribute__((always_inline)) {
    const __m512 product = _mm512_cvtepi32_ps(_mm512_load_si512(products + row * kGroup));
    sums[row] = _mm512_fmadd_ps(product, Format::scaled(scales, x.scales[row]), sums[row]);
  });
}

/// Adds the products of `count` blocks to `to` [kActivationRows][kGroup]: while those of one are
/// multiplied, scales are applied to those of the one before.
template <class Format>
void add_blocks(const ActivationTile* x, const typename Format::Block* weight, const int8_t* codes,
                int64_t count, float* to) {
  alignas(64) int32_t products[2][kActivationRows * kGroup];
  Sums sums;
  each_row([&]<int row>()
               __attribute__((always_inline)) { sums[row] = _mm512_load_ps(to + row * kGroup); });
  multiply(x[0], codes, products[0]);
  for (int64_t b = 0; b < count; ++b) {
    if (b + 1 < count) multiply(x[b + 1], codes + (b + 1) * kBlockCodes, products[(b + 1) % 2]);
    add_scaled<Format>(x[b], weight[b], products[b % 2], sums);
  }
  each_row([&]<int row>()
               __attribute__((always_inline)) { _mm512_store_ps(to + row * kGroup, sums[row]); });
}

template <class Format>
void store_results(const BlockTilesTask& task, int64_t group, int64_t row, const float* sums) {
  const int64_t output = group * kGroup;
  const int64_t left = task.outputs - output;
  const auto kept = static_cast<__mmask16>(left >= kGroup ? 0xffff : (1 << left) - 1);
  const __m512 bias =
      task.bias ? _mm512_maskz_loadu_ps(kept, task.bias + output) : _mm512_setzero_ps();
  const int64_t rows = smaller(task.rows - row, kActivationRows);
  for (int64_t r = 0; r < rows; ++r) {
    // Rounded before bias is added, as where it is added by itself.
    __m512 y = Format::finish(_mm512_load_ps(sums + r * kGroup), task.scales + output);
    __asm__("" : "+v"(y));
    y = _mm512_add_ps(y, bias);
    _mm256_mask_storeu_epi16(task.y + (row + r) * task.outputs + output, kept,
                             reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(y)));
  }
}

/// Rows, a group, and some blocks of inputs.
struct Block {
  int64_t begin, end;  // of the rows
  int64_t group;
  int64_t first, count;  // of the blocks
  float* sums;           // of the rows and the group
};

template <class Format>
void multiply_block(const BlockTilesTask& task, const Block& at) {
  const auto* weight =
      static_cast<const typename Format::Block*>(task.weight) + at.group * task.blocks + at.first;
  for (int64_t b = 0; b < at.count; ++b) Format::unpack(weight[b], task.codes + b * kBlockCodes);
  __asm__ volatile("" : : : "memory");  // what tiles load, the compiler has stored
  for (int64_t row = at.begin; row < at.end; row += kActivationRows) {
    const ActivationTile* x = task.x + row / kActivationRows * task.blocks + at.first;
    float* place = at.sums + (row - at.begin) * kGroup;
    if (at.first == 0) __builtin_memset(place, 0, sizeof(float) * kActivationRows * kGroup);
    add_blocks<Format>(x, weight, task.codes, at.count, place);
    if (at.first + at.count == task.blocks) store_results<Format>(task, at.group, row, place);
  }
}

template <class Format>
void run(const BlockTilesTask& task) {
  const TileSetup setup(kBlockInputs);
  for (int64_t begin = 0; begin < task.rows; begin += kTileBlockRows) {
    const int64_t end = smaller(begin + kTileBlockRows, task.rows);
    for (int64_t first = task.first; first < task.last; first += kTileGroups) {
      const int64_t last = smaller(first + kTileGroups, task.last);
      for (int64_t b = 0; b < task.blocks; b += kTileBlocks) {
        const int64_t count = smaller(kTileBlocks, task.blocks - b);
        for (int64_t group = first; group < last; ++group) {
          multiply_block<Format>(task, {begin, end, group, b, count,
                                        task.sums + (group - first) * kGroup * kTileBlockRows});
        }
      }
    }
  }
}

}  // namespace

void block_tiles_int4(const BlockTilesTask& task) { run<Int4Tiles>(task); }
void block_tiles_int8(const BlockTilesTask& task) { run<Int8Tiles>(task); }

}  // namespace hadal::draf::kernels::HADAL_ISA_NAMESPACE
