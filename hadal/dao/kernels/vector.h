#pragma once

// What the kernels do with vectors. Compiled once an instruction set, so everything is in its
// namespace.
#include "hadal/core/vector.h"

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE {

using vectors::HADAL_ISA_NAMESPACE::broadcast;
using vectors::HADAL_ISA_NAMESPACE::Integers;
using vectors::HADAL_ISA_NAMESPACE::kWidth;
using vectors::HADAL_ISA_NAMESPACE::larger;
using vectors::HADAL_ISA_NAMESPACE::largest;
using vectors::HADAL_ISA_NAMESPACE::sum;
using vectors::HADAL_ISA_NAMESPACE::Vector;

constexpr float kLog2E = 1.44269504F;

inline Vector load(const float* from) {
  Vector x;
  __builtin_memcpy(&x, from, sizeof x);
  return x;
}
inline void store(float* to, Vector x) { __builtin_memcpy(to, &x, sizeof x); }
/// x as it is, rounded: compilers fuse a product with the sum that takes it, which rounds once.
inline Vector rounded(Vector x) {
#if defined(__x86_64__)
  __asm__("" : "+v"(x));
#else
  __asm__("" : "+m"(x));
#endif
  return x;
}

/// -1 in the lanes whose bit is set, else 0.
inline Integers lanes_of(uint64_t bits) {
  Integers bit_of;
  for (int i = 0; i < kWidth; ++i) bit_of[i] = 1 << i;
  return ((Integers{} + static_cast<int32_t>(bits)) & bit_of) != 0;
}

/// Of the polynomial in f, by ascending powers, that is closest to 2^f in relative terms while it
/// is 1 at 0: fitted to 0 <= f < 1, and to |f| <= 1/2. Both stay within 1e-7.
constexpr float kFloorPowers[] = {
    1, 0.693151312F, 0.24016445F, 0.0557999141F, 0.00901702896F, 0.0018671307F};
constexpr float kNearestPowers[] = {
    1, 0.693146978F, 0.240222421F, 0.0555073375F, 0.00967151286F, 0.00132647271F};

inline Vector polynomial(const float (&powers)[6], Vector f) {
  Vector p = broadcast(powers[5]);
  for (int i = 4; i >= 0; --i) p = p * f + powers[i];
  return p;
}

/// 2^x for x <= 0, with a relative error below 2e-7; 0 below -126, where the result would not be
/// normal. NaN stays.
inline Vector exp2_not_positive(Vector x) {
#if defined(__AVX512F__)
  const auto lanes = reinterpret_cast<__m512>(x);
  constexpr int kBelowFloor = _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC;
  const auto fraction = reinterpret_cast<Vector>(_mm512_reduce_ps(lanes, kBelowFloor));
  const auto power = reinterpret_cast<__m512>(polynomial(kFloorPowers, fraction));
  const __mmask16 kept = _mm512_cmp_ps_mask(lanes, _mm512_set1_ps(-126.0F), _CMP_NLT_UQ);
  return reinterpret_cast<Vector>(_mm512_maskz_scalef_ps(kept, power, lanes));
#else
  constexpr float kRound = 12582912.0F;  // 1.5 * 2^23: adding it leaves no bits for a fraction
  const Vector clamped = larger(broadcast(-126.0F), x);
  const Vector whole = (clamped + kRound) - kRound;
  const Integers bits = (__builtin_convertvector(whole, Integers) + 127) << 23;
  Vector power;
  __builtin_memcpy(&power, &bits, sizeof power);
  return x < -126.0F ? Vector{} : polynomial(kNearestPowers, clamped - whole) * power;
#endif
}

}  // namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE
