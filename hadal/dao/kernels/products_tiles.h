#pragma once

// Products of bfloat16 pairs in tiles of 16 rows of 64 bytes, added up in fp32 (TDPBF16PS). For AMX
// only.
#include "hadal/core/tile_setup.h"
#include "hadal/dao/kernels/products_bf16.h"

#include <immintrin.h>

namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE {

using tiles::HADAL_ISA_NAMESPACE::kTileSide;
using tiles::HADAL_ISA_NAMESPACE::TileSetup;

constexpr int64_t kTileProductRows = 2 * kTileSide;
constexpr int64_t kUnitBytes = 4;

/// Bf16Products whose matrices are multiplied in tiles. A thread that uses them holds a TileSetup.
struct TileProducts : Bf16Products {
  /// As InRegisters has it.
  template <class Products>
  static inline void multiply_matrices(float* to, int64_t stride, int64_t rows, int64_t columns,
                                       const Factors<Unit>& factors, bool adds) {
    for (int64_t row = 0; row < rows; row += kTileProductRows) {
      Factors<Unit> these = factors;
      these.left += row * factors.left_stride;
      multiply_rows(to + row * stride, stride, columns, these, adds, [] {});
    }
  }

  /// The same for kTileProductRows rows. Calls aside() between the products: the processor does
  /// what it computes in vectors while the tiles are multiplied.
  template <class Aside>
  static inline void multiply_rows(float* to, int64_t stride, int64_t columns,
                                   const Factors<Unit>& factors, bool adds, Aside&& aside) {
    const int64_t to_bytes = stride * kUnitBytes;
    const int64_t left_bytes = factors.left_stride * kUnitBytes;
    const int64_t right_bytes = factors.right_stride * kUnitBytes;
    // The loads below don't tell the compiler what they read.
    __asm__ volatile("" : : : "memory");
    // 32 x 32 sums at a time, in tiles 0 to 3, from two tiles of either factor, so that each that
    // is loaded is used twice.
    for (int64_t c = 0; c < columns; c += 2 * kTileSide) {
      float* upper = to + c;
      float* lower = upper + kTileSide * stride;
      if (adds) {
        _tile_loadd(0, upper, to_bytes);
        _tile_loadd(1, upper + kTileSide, to_bytes);
        _tile_loadd(2, lower, to_bytes);
        _tile_loadd(3, lower + kTileSide, to_bytes);
      } else {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
      }
      for (int i = 0; i < factors.parts; ++i) {
        const uint32_t* left = factors.left + i * factors.depth;
        const uint32_t* right = factors.right[i] + c;
        for (int64_t k = 0; k < factors.depth; k += kTileSide) {
          _tile_loadd(4, left + k, left_bytes);
          _tile_loadd(5, left + k + kTileSide * factors.left_stride, left_bytes);
          _tile_loadd(6, right + k * factors.right_stride, right_bytes);
          _tile_loadd(7, right + k * factors.right_stride + kTileSide, right_bytes);
          _tile_dpbf16ps(0, 4, 6);
          _tile_dpbf16ps(1, 4, 7);
          _tile_dpbf16ps(2, 5, 6);
          _tile_dpbf16ps(3, 5, 7);
          aside();
        }
      }
      _tile_stored(0, upper, to_bytes);
      _tile_stored(1, upper + kTileSide, to_bytes);
      _tile_stored(2, lower, to_bytes);
      _tile_stored(3, lower + kTileSide, to_bytes);
    }
  }
};

}  // namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE
