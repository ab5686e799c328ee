#pragma once

// What the kernels do with vectors. Compiled once an instruction set, so everything is in its
// namespace.
#include "hadal/core/vector.h"

namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE {

using vectors::HADAL_ISA_NAMESPACE::broadcast;
using vectors::HADAL_ISA_NAMESPACE::Integers;
using vectors::HADAL_ISA_NAMESPACE::kWidth;
using vectors::HADAL_ISA_NAMESPACE::larger;
using vectors::HADAL_ISA_NAMESPACE::largest;
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

inline float sum(Vector x) {
  float result = 0;
  for (int i = 0; i < kWidth; ++i) result += x[i];
  return result;
}

/// 2^x for x <= 0, with a relative error below 4e-7 (a Taylor polynomial of degree 6 around the
/// nearest integer, at most 1/2 away); 0 below -126, where the result would not be normal. NaN
/// stays.
inline Vector exp2_not_positive(Vector x) {
  constexpr float kRound = 12582912.0F;  // 1.5 * 2^23: adding it leaves no bits for a fraction
  const Vector clamped = larger(broadcast(-126.0F), x);
  const Vector whole = (clamped + kRound) - kRound;
  const Vector f = clamped - whole;
  Vector p = broadcast(1.5403530e-4F);
  p = p * f + 1.3333558e-3F;
  p = p * f + 9.6181291e-3F;
  p = p * f + 5.5504109e-2F;
  p = p * f + 2.4022651e-1F;
  p = p * f + 6.9314718e-1F;
  p = p * f + 1.0F;
  const Integers bits = (__builtin_convertvector(whole, Integers) + 127) << 23;
  Vector power;
  __builtin_memcpy(&power, &bits, sizeof power);
  return x < -126.0F ? Vector{} : p * power;
}

}  // namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE
