#pragma once

// Products of bfloat16 pairs, added up in fp32 (VDPBF16PS). For AVX512_BF16 only.
#include "hadal/dao/kernels/products.h"

#include <immintrin.h>

namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE {

struct Bf16Products : InRegisters {
  typedef uint32_t Unit;
  typedef uint16_t Element;
  static constexpr int kGroup = 2;

  static float element(const void* from, int64_t i) {
    const uint32_t bits = uint32_t{static_cast<const uint16_t*>(from)[i]} << 16;
    float result;
    __builtin_memcpy(&result, &bits, sizeof result);
    return result;
  }

  static __m512bh load_pairs(const uint32_t* from) {
    return reinterpret_cast<__m512bh>(_mm512_loadu_si512(from));
  }

  /// As Fp32Products::multiply, in pairs.
  static inline void multiply(Tile& tile, const Unit* a, int64_t a_stride, const Unit* b,
                              int64_t b_stride, int64_t depth) {
    for (int64_t k = 0; k < depth; ++k) {
      __m512bh right[kTileVectors];
      for (int v = 0; v < kTileVectors; ++v) right[v] = load_pairs(b + k * b_stride + v * kWidth);
      for (int r = 0; r < kTileRows; ++r) {
        const auto left =
            reinterpret_cast<__m512bh>(_mm512_set1_epi32(static_cast<int>(a[r * a_stride + k])));
        for (int v = 0; v < kTileVectors; ++v) {
          const __m512 sum = reinterpret_cast<__m512>(tile[r][v]);
          tile[r][v] = reinterpret_cast<Vector>(_mm512_dpbf16_ps(sum, left, right[v]));
        }
      }
    }
  }

  static __m256i rounded(Vector x) {
    return reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(reinterpret_cast<__m512>(x)));
  }

  static void store_elements(void* to, int64_t i, Vector x) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(static_cast<uint16_t*>(to) + i), rounded(x));
  }
};

}  // namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE
