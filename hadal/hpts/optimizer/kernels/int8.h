#pragma once

#include "hadal/hpts/optimizer/kernels/random.h"

// 8-bit codes of a block of kBlock values, which are rounded up or down at random, such that the
// mean is the value itself: with beta2 = 0.999 a step changes a second moment by a thousandth,
// which is below any 8-bit step and which rounding to nearest would lose each time.
namespace hadal::hpts::kernels::HADAL_ISA_NAMESPACE {

inline float largest_magnitude(const float* values) {
  Vector result{};
  for (int i = 0; i < kBlock; i += kWidth) {
    result = larger(magnitude(load<Vector>(values + i)), result);
  }
  return largest(result);
}

inline Integers clamp(Integers x, int low, int high) {
  x = x < low ? Integers{} + low : x;
  return x > high ? Integers{} + high : x;
}

/// Evenly spaced: value = scale code, |code| <= 127.
inline void decode_linear(const int8_t* from, float scale, float* to) {
  for (int i = 0; i < kBlock; i += kWidth) {
    store(to + i, convert<Vector>(widen(from + i)) * scale);
  }
}

/// Returns the scale. Uses the lower half of the random words.
inline float encode_linear(const float* from, int8_t* to, const RandomBlock& random) {
  const float top = largest_magnitude(from);
  const float steps = top > 0 ? 127.0F / top : 0.0F;
  for (int i = 0; i < kBlock; i += kWidth) {
    const Words lower = load<Words>(random.words + i) & 0xffffU;
    const Vector fraction = convert<Vector>(bits_as<Integers>(lower)) * 0x1p-16F;
    // Above zero, where a conversion cuts as floor does.
    const Vector shifted = load<Vector>(from + i) * steps + (fraction + 128.0F);
    const Integers code = clamp(convert<Integers>(shifted) - 128, -127, 127);
    store(to + i, convert<SignedBytes>(code));
  }
  return top / 127.0F;
}

// A magnitude as an unsigned float of 4 bits of exponent and 4 of mantissa, times a scale that
// makes the largest of the block code 255, that is 1; code 0 is 0. Its relative step is 1/16 to
// 1/32 down to 2^-15.9 of the largest. (The dynamic map of Dettmers et al., 2022, is finer for the
// largest and coarser below.) As it stands for the square root, second moments span 2^-31.8.
constexpr int kMantissaShift = 19;
constexpr int kLowestCode = (127 << 4) - 255;  // 1.0F >> kMantissaShift is code 255

inline Vector float_of_code(Integers code) {
  const Vector value = bits_as<Vector>((code + kLowestCode) << kMantissaShift);
  return code == 0 ? Vector{} : value;
}

inline void decode_float(const uint8_t* from, float scale, float* to) {
  for (int i = 0; i < kBlock; i += kWidth) {
    store(to + i, float_of_code(widen(from + i)) * scale);
  }
}

/// Returns the scale. Uses the upper half of the random words. Values >= 0; none but 0 becomes 0,
/// so that dividing by it is safe.
inline float encode_float(const float* from, uint8_t* to, const RandomBlock& random) {
  const float top = largest_magnitude(from);
  const float inverse = top > 0 ? 1.0F / top : 0.0F;
  for (int i = 0; i < kBlock; i += kWidth) {
    const Words carry = (load<Words>(random.words + i) >> 16) << (kMantissaShift - 16);
    const Vector value = load<Vector>(from + i);
    const Integers bits = bits_as<Integers>(bits_as<Words>(value * inverse) + carry);
    const Integers code = clamp((bits >> kMantissaShift) - kLowestCode, 1, 255);
    store(to + i, convert<Bytes>(value == 0.0F ? Integers{} : code));
  }
  return top;
}

}  // namespace hadal::hpts::kernels::HADAL_ISA_NAMESPACE
