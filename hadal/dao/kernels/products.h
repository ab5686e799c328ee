#pragma once

// Products of small matrices for all element types. A matrix product sums over units of 4 bytes: a
// float, or a pair of bfloat16 neighbours along the dimension that is summed over. A type's
// `Products` multiplies a tile that stays in registers. Compiled once an instruction set.
#include "hadal/dao/kernels/forward.h"
#include "hadal/dao/kernels/vector.h"

namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE {

/// Rows and vectors of a tile that is kept in registers.
constexpr int kTileRows = kWidth == 16 ? 8 : 4;
constexpr int kTileVectors = 2;
constexpr int kTileColumns = kTileVectors * kWidth;

static_assert(kRowStep % kTileRows == 0);

typedef Vector Tile[kTileRows][kTileVectors];

inline void load_tile(Tile& tile, const float* from, int64_t stride) {
  for (int r = 0; r < kTileRows; ++r) {
    for (int v = 0; v < kTileVectors; ++v) tile[r][v] = load(from + r * stride + v * kWidth);
  }
}

inline void store_tile(float* to, int64_t stride, const Tile& tile) {
  for (int r = 0; r < kTileRows; ++r) {
    for (int v = 0; v < kTileVectors; ++v) store(to + r * stride + v * kWidth, tile[r][v]);
  }
}

/// The factors of a product of [rows, parts * depth] and [parts * depth, columns], in units.
template <class Unit>
struct Factors {
  const Unit* left;  ///< rows `left_stride` apart
  int64_t left_stride;
  const Unit* const* right;  ///< the parts, one below the other; rows `right_stride` apart
  int64_t right_stride;
  int parts;
  int64_t depth;
};

/// Products whose matrices are multiplied a Tile at a time, by the multiply() of `Products`, which
/// derive from this.
struct InRegisters {
  /// Sets `to` [rows, columns], rows `stride` apart, to the product, or adds it where `adds`. Rows
  /// come in multiples of kRowStep, columns and depth in multiples of kHeadStep elements; what `to`
  /// and the left factor have beyond the rows, up to the next multiple of kHeadStep, may be used.
  template <class Products>
  static inline void multiply_matrices(float* to, int64_t stride, int64_t rows, int64_t columns,
                                       const Factors<typename Products::Unit>& factors, bool adds) {
    for (int64_t c = 0; c < columns; c += kTileColumns) {
      for (int64_t row = 0; row < rows; row += kTileRows) {
        float* place = to + row * stride + c;
        Tile tile = {};
        if (adds) load_tile(tile, place, stride);
        for (int i = 0; i < factors.parts; ++i) {
          Products::multiply(tile, factors.left + row * factors.left_stride + i * factors.depth,
                             factors.left_stride, factors.right[i] + c, factors.right_stride,
                             factors.depth);
        }
        store_tile(place, stride, tile);
      }
    }
  }
};

/// Products of floats.
struct Fp32Products : InRegisters {
  typedef float Unit;
  typedef float Element;
  static constexpr int kGroup = 1;  ///< elements of a unit

  static float element(const void* from, int64_t i) { return static_cast<const float*>(from)[i]; }
  static void store_elements(void* to, int64_t i, Vector x) {
    store(static_cast<float*>(to) + i, x);
  }

  /// Adds a [kTileRows, depth] (rows `a_stride` units apart) times b [depth, kTileColumns] (rows
  /// `b_stride` units apart) to `tile`.
  static inline void multiply(Tile& tile, const Unit* a, int64_t a_stride, const Unit* b,
                              int64_t b_stride, int64_t depth) {
    for (int64_t k = 0; k < depth; ++k) {
      Vector right[kTileVectors];
      for (int v = 0; v < kTileVectors; ++v) right[v] = load(b + k * b_stride + v * kWidth);
      for (int r = 0; r < kTileRows; ++r) {
        const Vector left = broadcast(a[r * a_stride + k]);
        for (int v = 0; v < kTileVectors; ++v) tile[r][v] += left * right[v];
      }
    }
  }
};

}  // namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE
