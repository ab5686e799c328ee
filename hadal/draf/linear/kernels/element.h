#pragma once

// Activations as vectors of floats. Compiled once an instruction set, so everything is in its
// namespace.
#include "hadal/dao/kernels/vector.h"

namespace hadal::draf::kernels::HADAL_ISA_NAMESPACE {

using vectors::HADAL_ISA_NAMESPACE::broadcast;
using vectors::HADAL_ISA_NAMESPACE::kWidth;
using vectors::HADAL_ISA_NAMESPACE::Vector;

typedef uint32_t Words __attribute__((vector_size(4 * kWidth)));
typedef uint16_t Halves __attribute__((vector_size(2 * kWidth)));

/// An element type that memory has.
struct Fp32 {
  using Stored = float;
  static Vector load(const float* from) { return dao::kernels::HADAL_ISA_NAMESPACE::load(from); }
  static void store(float* to, Vector x) { dao::kernels::HADAL_ISA_NAMESPACE::store(to, x); }
};

struct Bf16 {
  using Stored = uint16_t;
  static Vector load(const uint16_t* from) {
    Halves halves;
    __builtin_memcpy(&halves, from, sizeof halves);
    const Words words = __builtin_convertvector(halves, Words) << 16;
    Vector x;
    __builtin_memcpy(&x, &words, sizeof x);
    return x;
  }
  /// To nearest, ties to even. What is not finite is cut, as a carry could make it a number.
  static void store(uint16_t* to, Vector x) {
    Words words;
    __builtin_memcpy(&words, &x, sizeof words);
    const Words is_finite = Words((words & 0x7f800000U) != 0x7f800000U);
    const Words carry = (((words >> 16) & 1U) + 0x7fffU) & is_finite;
    const Halves halves = __builtin_convertvector((words + carry) >> 16, Halves);
    __builtin_memcpy(to, &halves, sizeof halves);
  }
};

/// The first `count` < kWidth elements at `from`, and zeros.
template <class Element>
inline Vector load_some(const typename Element::Stored* from, int64_t count) {
  typename Element::Stored padded[kWidth] = {};
  for (int64_t i = 0; i < count; ++i) padded[i] = from[i];
  return Element::load(padded);
}
template <class Element>
inline void store_some(typename Element::Stored* to, int64_t count, Vector x) {
  typename Element::Stored padded[kWidth];
  Element::store(padded, x);
  for (int64_t i = 0; i < count; ++i) to[i] = padded[i];
}

/// Calls visit(i, count) for each vector of `size` elements: the `count` from i on, which are
/// kWidth but for the last.
template <class Visit>
inline void each_vector(int64_t size, const Visit& visit) {
  int64_t i = 0;
  for (; i + kWidth <= size; i += kWidth) visit(i, int64_t{kWidth});
  if (i < size) visit(i, size - i);
}
template <class Element>
inline Vector get(const typename Element::Stored* from, int64_t count) {
  return count == kWidth ? Element::load(from) : load_some<Element>(from, count);
}
template <class Element>
inline void put(typename Element::Stored* to, int64_t count, Vector x) {
  if (count == kWidth) {
    Element::store(to, x);
  } else {
    store_some<Element>(to, count, x);
  }
}

}  // namespace hadal::draf::kernels::HADAL_ISA_NAMESPACE
