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

template <int kLanes>
struct Lanes {
  typedef float Type __attribute__((vector_size(4 * kLanes)));
};

/// All lanes joined by `join`, halves first, which takes a few operations and not one a lane.
template <int kLanes, class Join>
inline float reduced(const typename Lanes<kLanes>::Type& x, const Join& join) {
  if constexpr (kLanes == 2) {
    return join(x[0], x[1]);
  } else {
    typename Lanes<kLanes / 2>::Type halves[2];
    __builtin_memcpy(halves, &x, sizeof halves);
    return reduced<kLanes / 2>(join(halves[0], halves[1]), join);
  }
}

inline float largest(const Vector& x) {
  return reduced<kWidth>(x, [](auto a, auto b) { return a > b ? a : b; });
}
inline float sum(const Vector& x) {
  return reduced<kWidth>(x, [](auto a, auto b) { return a + b; });
}

}  // namespace hadal::vectors::HADAL_ISA_NAMESPACE
