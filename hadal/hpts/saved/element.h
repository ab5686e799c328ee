#pragma once

// Loads and stores of the element types. Compiled once an instruction set, so everything is in its
// namespace. Plain loops over these vectorize.
#include <stdint.h>

namespace hadal::hpts::HADAL_ISA_NAMESPACE {

typedef uint16_t Bf16;

inline uint32_t bits_of(float x) {
  uint32_t bits;
  __builtin_memcpy(&bits, &x, sizeof bits);
  return bits;
}
inline float float_of(uint32_t bits) {
  float x;
  __builtin_memcpy(&x, &bits, sizeof x);
  return x;
}

inline float load(const float* from) { return *from; }
inline float load(const Bf16* from) { return float_of(static_cast<uint32_t>(*from) << 16); }

inline void store(float* to, float x) { *to = x; }
/// Rounds to nearest, ties to even.
inline void store(Bf16* to, float x) {
  const uint32_t bits = bits_of(x);
  const uint32_t rounded = (bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16;
  const bool is_nan = (bits & 0x7FFFFFFFU) > 0x7F800000U;
  *to = static_cast<Bf16>(is_nan ? 0x7FC0U : rounded);
}

}  // namespace hadal::hpts::HADAL_ISA_NAMESPACE
