#pragma once

// Vectors of 4-byte numbers as wide as the instruction set that the including file is compiled for.
// Compiled once an instruction set, so everything is in its namespace.
#include <stdint.h>

namespace hadal::vectors::HADAL_ISA_NAMESPACE {

#if defined(__AVX512F__)
constexpr int kWidth = 16;
#elif defined(__AVX__)
constexpr int kWidth = 8;
#else
constexpr int kWidth = 4;
#endif

typedef float Vector __attribute__((vector_size(4 * kWidth)));
typedef int32_t Integers __attribute__((vector_size(4 * kWidth)));

inline Vector broadcast(float x) { return Vector{} + x; }
/// b where either is not a number.
inline Vector larger(Vector a, Vector b) { return a > b ? a : b; }
inline float largest(Vector x) {
  float result = x[0];
  for (int i = 1; i < kWidth; ++i) result = x[i] > result ? x[i] : result;
  return result;
}

}  // namespace hadal::vectors::HADAL_ISA_NAMESPACE
