#pragma once

#include "hadal/hpts/optimizer/kernels/random.h"

namespace hadal::hpts::kernels::HADAL_ISA_NAMESPACE {

inline Vector float_of(Halves x) { return bits_as<Vector>(convert<Words>(x) << 16); }

/// The upper half of x + `carry`, which is of the lower half's range. What is not finite is cut, as
/// a carry could make it a number.
inline Halves upper_half(Words x, Words carry) {
  const Words finite = bits_as<Words>((x & 0x7f800000U) != 0x7f800000U);
  return convert<Halves>((x + (carry & finite)) >> 16);
}

inline void decode_bf16(const uint16_t* from, float* to) {
  for (int i = 0; i < kBlock; i += kWidth) store(to + i, float_of(load<Halves>(from + i)));
}

/// To nearest, ties to even.
inline void encode_bf16(const float* from, uint16_t* to) {
  for (int i = 0; i < kBlock; i += kWidth) {
    const Words x = load<Words>(from + i);
    store(to + i, upper_half(x, ((x >> 16) & 1U) + 0x7fffU));
  }
}

/// Up or down at random, such that the mean is the value itself. `half` says which half of the
/// random words is used.
inline void encode_bf16_randomly(const float* from, uint16_t* to, const RandomBlock& random,
                                 int half) {
  for (int i = 0; i < kBlock; i += kWidth) {
    const Words carry = (load<Words>(random.words + i) >> (16 * half)) & 0xffffU;
    store(to + i, upper_half(load<Words>(from + i), carry));
  }
}

/// A float as the bf16 nearest to it, ties away from zero, and the rest in units of the float's
/// last place, from -2^15 to 2^15 - 1 (with ties to even it could be 2^15).
inline void split(const float* from, uint16_t* upper, int16_t* rest) {
  for (int i = 0; i < kBlock; i += kWidth) {
    const Words x = load<Words>(from + i);
    const Halves rounded = upper_half(x, Words{} + 0x8000U);
    store(upper + i, rounded);
    store(rest + i, convert<Halves>(x - (convert<Words>(rounded) << 16)));
  }
}

/// The float that was split, bit for bit.
inline void join(const uint16_t* upper, const int16_t* rest, float* to) {
  for (int i = 0; i < kBlock; i += kWidth) {
    const Words words = convert<Words>(load<Halves>(upper + i)) << 16;
    const Integers below = convert<Integers>(load<SignedHalves>(rest + i));
    store(to + i, words + bits_as<Words>(below));
  }
}

}  // namespace hadal::hpts::kernels::HADAL_ISA_NAMESPACE
