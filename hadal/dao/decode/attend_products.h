#pragma once

// Products of a few rows with a page. A row's elements lie in units of `Left`, and the page's in
// units of 4 bytes, `Unit`, each of `kGroup` neighbours along the dimension that is summed over.
// Compiled once an instruction set.
#include "hadal/dao/kernels/vector.h"

#if defined(__AVX512BF16__)
#include <immintrin.h>
#endif

namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE {

/// Pages of floats.
struct FloatPages {
  typedef float Left;
  typedef float Unit;
  static constexpr int kGroup = 1;

  static bool is_finite(Unit x) { return __builtin_isfinite(x); }
  static Unit first_of(Unit x) { return x; }
  static Unit second_of(Unit x) { return x; }
  static void store_left(Left* to, Vector x) { store(to, x); }
  template <int rows, int vectors>
  static inline void multiply_step(Vector (&tile)[rows][vectors], const Left* a, int64_t a_stride,
                                   const Unit* b) {
    for (int v = 0; v < vectors; ++v) {
      const Vector right = load(b + v * kWidth);
      for (int r = 0; r < rows; ++r) tile[r][v] += a[r * a_stride] * right;
    }
  }
};

/// What pages of bfloat16 have in common: pairs, the first of which is in the lower half.
struct Bf16Units {
  typedef uint32_t Unit;
  static constexpr int kGroup = 2;

  static bool is_finite(Unit x) {
    constexpr Unit kExponent = 0x7F80U;
    return (x & kExponent) != kExponent && (x >> 16 & kExponent) != kExponent;
  }
  static Unit first_of(Unit x) { return x & 0xFFFFU; }
  static Unit second_of(Unit x) { return x & 0xFFFF0000U; }
};

#if defined(__AVX512BF16__)

/// Pages of bfloat16, multiplied as they are and added up in fp32 (VDPBF16PS).
struct Bf16Pages : Bf16Units {
  typedef uint32_t Left;

  static void store_left(Left* to, Vector x) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to),
                        reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(reinterpret_cast<__m512>(x))));
  }
  template <int rows, int vectors>
  static inline void multiply_step(Vector (&tile)[rows][vectors], const Left* a, int64_t a_stride,
                                   const Unit* b) {
    for (int v = 0; v < vectors; ++v) {
      const auto right = reinterpret_cast<__m512bh>(_mm512_loadu_si512(b + v * kWidth));
      for (int r = 0; r < rows; ++r) {
        const auto left =
            reinterpret_cast<__m512bh>(_mm512_set1_epi32(static_cast<int>(a[r * a_stride])));
        tile[r][v] = reinterpret_cast<Vector>(
            _mm512_dpbf16_ps(reinterpret_cast<__m512>(tile[r][v]), left, right));
      }
    }
  }
};

#else

/// Pages of bfloat16, whose pairs are taken apart into floats.
struct Bf16Pages : Bf16Units {
  struct Left {
    float low, high;
  };

  static void store_left(Left* to, Vector x) { __builtin_memcpy(to, &x, sizeof x); }
  template <int rows, int vectors>
  static inline void multiply_step(Vector (&tile)[rows][vectors], const Left* a, int64_t a_stride,
                                   const Unit* b) {
    for (int v = 0; v < vectors; ++v) {
      Integers pairs;
      __builtin_memcpy(&pairs, b + v * kWidth, sizeof pairs);
      const Integers shifted = pairs << 16;
      const Integers masked = pairs & static_cast<int32_t>(0xFFFF0000);
      Vector low;
      Vector high;
      __builtin_memcpy(&low, &shifted, sizeof low);
      __builtin_memcpy(&high, &masked, sizeof high);
      for (int r = 0; r < rows; ++r) {
        tile[r][v] += a[r * a_stride].low * low;
        tile[r][v] += a[r * a_stride].high * high;
      }
    }
  }
};

#endif

/// Adds a [rows, depth] (rows `a_stride` units apart) times b [depth, vectors * kWidth] (rows
/// `b_stride` units apart) to `tile`. Fetches what lies `ahead` units after b, where it is not 0.
template <class Pages, int rows, int vectors>
inline void multiply(Vector (&tile)[rows][vectors], const typename Pages::Left* a, int64_t a_stride,
                     const typename Pages::Unit* b, int64_t b_stride, int64_t depth,
                     int64_t ahead) {
  if (ahead == 0) {
    for (int64_t k = 0; k < depth; ++k) {
      Pages::template multiply_step<rows, vectors>(tile, a + k, a_stride, b + k * b_stride);
    }
    return;
  }
  for (int64_t k = 0; k < depth; ++k) {
    for (int v = 0; v < vectors; ++v) {
      __builtin_prefetch(b + k * b_stride + ahead + v * kWidth, 0, 2);
    }
    Pages::template multiply_step<rows, vectors>(tile, a + k, a_stride, b + k * b_stride);
  }
}

}  // namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE
