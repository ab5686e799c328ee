#pragma once

// What the kernels do with vectors. Compiled once an instruction set, so everything is in its
// namespace.
#include "hadal/core/vector.h"

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace hadal::hpts::kernels::HADAL_ISA_NAMESPACE {

using vectors::HADAL_ISA_NAMESPACE::broadcast;
using vectors::HADAL_ISA_NAMESPACE::Integers;
using vectors::HADAL_ISA_NAMESPACE::kWidth;
using vectors::HADAL_ISA_NAMESPACE::larger;
using vectors::HADAL_ISA_NAMESPACE::largest;
using vectors::HADAL_ISA_NAMESPACE::Vector;

typedef uint32_t Words __attribute__((vector_size(4 * kWidth)));
typedef uint16_t Halves __attribute__((vector_size(2 * kWidth)));
typedef int16_t SignedHalves __attribute__((vector_size(2 * kWidth)));
typedef uint8_t Bytes __attribute__((vector_size(kWidth)));
typedef int8_t SignedBytes __attribute__((vector_size(kWidth)));
typedef double Doubles __attribute__((vector_size(4 * kWidth)));
typedef float HalfVector __attribute__((vector_size(2 * kWidth)));  // as many as Doubles

/// kWidth elements at `from`.
template <class Result, class Element>
inline Result load(const Element* from) {
  Result x;
  __builtin_memcpy(&x, from, sizeof x);
  return x;
}
template <class Element, class Value>
inline void store(Element* to, Value x) {
  __builtin_memcpy(to, &x, sizeof x);
}
/// The same bits as another type of the same size.
template <class Result, class Value>
inline Result bits_as(Value x) {
  static_assert(sizeof(Result) == sizeof(Value), "another size");
  Result result;
  __builtin_memcpy(&result, &x, sizeof result);
  return result;
}
template <class Result, class Value>
inline Result convert(Value x) {
  return __builtin_convertvector(x, Result);
}

// kWidth small integers at `from`. GCC 12 widens bytes one by one where it is not told how.
#if defined(__AVX512F__)
inline Integers widen(const uint8_t* from) {
  return Integers(_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))));
}
inline Integers widen(const int8_t* from) {
  return Integers(_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))));
}
#elif defined(__AVX2__)
inline Integers widen(const uint8_t* from) {
  return Integers(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from))));
}
inline Integers widen(const int8_t* from) {
  return Integers(_mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from))));
}
#else
template <class Byte>
inline Integers widen(const Byte* from) {
  Integers result;
  for (int i = 0; i < kWidth; ++i) result[i] = from[i];
  return result;
}
#endif

inline Vector magnitude(Vector x) { return bits_as<Vector>(bits_as<Words>(x) & 0x7fffffffU); }
inline Vector square_root(Vector x) {
#if defined(__AVX512F__)
  return _mm512_sqrt_ps(x);
#elif defined(__AVX__)
  return _mm256_sqrt_ps(x);
#elif defined(__SSE2__)
  return _mm_sqrt_ps(x);
#else
  for (int i = 0; i < kWidth; ++i) x[i] = __builtin_sqrtf(x[i]);
  return x;
#endif
}
inline Words lane_numbers() {
  Words numbers;
  for (int i = 0; i < kWidth; ++i) numbers[i] = static_cast<uint32_t>(i);
  return numbers;
}

}  // namespace hadal::hpts::kernels::HADAL_ISA_NAMESPACE
