#pragma once

// Kernels::quantize to Kernels::relu_grad. Compiled once an instruction set.
#include "hadal/hpts/saved/element.h"
#include "hadal/hpts/saved/kernels.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace hadal::hpts::HADAL_ISA_NAMESPACE {

/// Integers in the order of the floats, NaN beyond the infinities: their least and most are found
/// by vectors, which those of floats are not.
inline int32_t ordered(uint32_t bits) {
  const auto x = static_cast<int32_t>(bits);
  return x ^ ((x >> 31) & 0x7FFFFFFF);
}

template <class Element>
void quantize_block(const Element* from, int64_t count, uint8_t* codes, float* range) {
  constexpr float kLeastRange = 1e-30F;
  constexpr float kRound = 12582912.0F;  // 1.5 * 2^23: the sum's lowest bits are the integer
  int32_t least = INT32_MAX;
  int32_t most = INT32_MIN;
  for (int64_t i = 0; i < count; ++i) {
    const int32_t x = ordered(bits_of(load(from + i)));
    least = x < least ? x : least;
    most = x > most ? x : most;
  }
  const float low = float_of(static_cast<uint32_t>(ordered(static_cast<uint32_t>(least))));
  const float width = float_of(static_cast<uint32_t>(ordered(static_cast<uint32_t>(most)))) - low;
  const float step = width < kLeastRange ? 0.0F : width / 255.0F;
  const float inverse = step == 0.0F ? 0.0F : 1.0F / step;
  for (int64_t i = 0; i < count; ++i) {
    codes[i] = static_cast<uint8_t>(bits_of((load(from + i) - low) * inverse + kRound) & 0xFFU);
  }
  range[0] = low;
  range[1] = step;
}

template <class Element>
void quantize(const void* from, int64_t count, uint8_t* codes, float* ranges) {
  const auto* x = static_cast<const Element*>(from);
  for (int64_t begin = 0; begin < count; begin += kBlockValues, ranges += 2) {
    if (count - begin < kBlockValues) {
      quantize_block(x + begin, count - begin, codes + begin, ranges);
    } else {
      quantize_block(x + begin, kBlockValues, codes + begin, ranges);
    }
  }
}

template <class Element>
void dequantize(const uint8_t* codes, const float* ranges, int64_t count, void* to) {
  auto* y = static_cast<Element*>(to);
  for (int64_t begin = 0; begin < count; begin += kBlockValues, ranges += 2) {
    const int64_t end = count - begin < kBlockValues ? count : begin + kBlockValues;
    const float low = ranges[0];
    const float step = ranges[1];
    for (int64_t i = begin; i < end; ++i) store(y + i, low + static_cast<float>(codes[i]) * step);
  }
}

template <class Element>
void widen(const void* from, int64_t count, float* to) {
  const auto* x = static_cast<const Element*>(from);
  for (int64_t i = 0; i < count; ++i) to[i] = load(x + i);
}

template <class Element>
void narrow(const float* from, int64_t count, void* to) {
  auto* y = static_cast<Element*>(to);
  for (int64_t i = 0; i < count; ++i) store(y + i, from[i]);
}

template <class Element>
uint64_t relu_word(const Element* x, int count, Element* y) {
  uint64_t positive = 0;
  for (int i = 0; i < count; ++i) {
    const float value = load(x + i);
    const bool passes = !(value <= 0.0F);
    positive |= static_cast<uint64_t>(passes) << i;
    y[i] = passes ? x[i] : Element{};
  }
  return positive;
}

template <class Element>
void relu_grad_word(const Element* grad, uint64_t positive, int count, Element* to) {
  for (int i = 0; i < count; ++i) to[i] = (positive >> i) & 1U ? grad[i] : Element{};
}

// Compilers find no vectors of bits.
#if defined(__AVX512BW__)
inline uint64_t relu_64(const float* x, float* y) {
  uint64_t positive = 0;
  for (int i = 0; i < 64; i += 16) {
    const __m512 value = _mm512_loadu_ps(x + i);
    const __mmask16 passes = _mm512_cmp_ps_mask(value, _mm512_setzero_ps(), _CMP_NLE_UQ);
    _mm512_storeu_ps(y + i, _mm512_maskz_mov_ps(passes, value));
    positive |= static_cast<uint64_t>(passes) << i;
  }
  return positive;
}
inline uint64_t relu_64(const Bf16* x, Bf16* y) {
  uint64_t positive = 0;
  for (int i = 0; i < 64; i += 32) {
    const __m512i value = _mm512_loadu_si512(x + i);
    const __m512i magnitude = _mm512_and_si512(value, _mm512_set1_epi16(0x7FFF));
    const __mmask32 passes = _mm512_cmpgt_epi16_mask(value, _mm512_setzero_si512()) |
                             _mm512_cmpgt_epi16_mask(magnitude, _mm512_set1_epi16(0x7F80));  // NaN
    _mm512_storeu_si512(y + i, _mm512_maskz_mov_epi16(passes, value));
    positive |= static_cast<uint64_t>(passes) << i;
  }
  return positive;
}
inline void relu_grad_64(const float* grad, uint64_t positive, float* to) {
  for (int i = 0; i < 64; i += 16) {
    _mm512_storeu_ps(to + i,
                     _mm512_maskz_loadu_ps(static_cast<__mmask16>(positive >> i), grad + i));
  }
}
inline void relu_grad_64(const Bf16* grad, uint64_t positive, Bf16* to) {
  for (int i = 0; i < 64; i += 32) {
    _mm512_storeu_si512(to + i,
                        _mm512_maskz_loadu_epi16(static_cast<__mmask32>(positive >> i), grad + i));
  }
}
#elif defined(__AVX2__)
inline uint64_t relu_64(const float* x, float* y) {
  uint64_t positive = 0;
  for (int i = 0; i < 64; i += 8) {
    const __m256 value = _mm256_loadu_ps(x + i);
    const __m256 passes = _mm256_cmp_ps(value, _mm256_setzero_ps(), _CMP_NLE_UQ);
    _mm256_storeu_ps(y + i, _mm256_and_ps(passes, value));
    positive |= static_cast<uint64_t>(_mm256_movemask_ps(passes)) << i;
  }
  return positive;
}
/// Ones where 16 values pass, which are written.
inline __m256i relu_16(const Bf16* x, Bf16* y) {
  const __m256i value = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x));
  const __m256i magnitude = _mm256_and_si256(value, _mm256_set1_epi16(0x7FFF));
  const __m256i passes =
      _mm256_or_si256(_mm256_cmpgt_epi16(value, _mm256_setzero_si256()),
                      _mm256_cmpgt_epi16(magnitude, _mm256_set1_epi16(0x7F80)));  // NaN
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(y), _mm256_and_si256(value, passes));
  return passes;
}
inline uint64_t relu_64(const Bf16* x, Bf16* y) {
  uint64_t positive = 0;
  for (int i = 0; i < 64; i += 32) {
    const __m256i first = relu_16(x + i, y + i);
    const __m256i bytes = _mm256_packs_epi16(first, relu_16(x + i + 16, y + i + 16));
    // Packing goes by halves of the vectors.
    const int mask = _mm256_movemask_epi8(_mm256_permute4x64_epi64(bytes, 0b11011000));
    positive |= static_cast<uint64_t>(static_cast<uint32_t>(mask)) << i;
  }
  return positive;
}
inline void relu_grad_64(const float* grad, uint64_t positive, float* to) {
  const __m256i bits = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
  for (int i = 0; i < 64; i += 8) {
    const __m256i word = _mm256_set1_epi32(static_cast<int>(positive >> i));
    const __m256i passes = _mm256_cmpeq_epi32(_mm256_and_si256(word, bits), bits);
    _mm256_storeu_ps(to + i, _mm256_and_ps(_mm256_loadu_ps(grad + i), _mm256_castsi256_ps(passes)));
  }
}
inline void relu_grad_64(const Bf16* grad, uint64_t positive, Bf16* to) {
  const __m256i bits = _mm256_setr_epi16(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096,
                                         8192, 16384, static_cast<short>(0x8000));
  for (int i = 0; i < 64; i += 16) {
    const __m256i word = _mm256_set1_epi16(static_cast<short>(positive >> i));
    const __m256i passes = _mm256_cmpeq_epi16(_mm256_and_si256(word, bits), bits);
    const __m256i value = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(grad + i));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i), _mm256_and_si256(value, passes));
  }
}
#else
template <class Element>
uint64_t relu_64(const Element* x, Element* y) {
  return relu_word(x, 64, y);
}
template <class Element>
void relu_grad_64(const Element* grad, uint64_t positive, Element* to) {
  relu_grad_word(grad, positive, 64, to);
}
#endif

template <class Element>
void relu(const void* from, int64_t count, void* to, uint64_t* positive) {
  const auto* x = static_cast<const Element*>(from);
  auto* y = static_cast<Element*>(to);
  int64_t i = 0;
  for (; i + 64 <= count; i += 64) *positive++ = relu_64(x + i, y + i);
  if (i < count) *positive = relu_word(x + i, static_cast<int>(count - i), y + i);
}

template <class Element>
void relu_grad(const void* grad, const uint64_t* positive, int64_t count, void* to) {
  const auto* g = static_cast<const Element*>(grad);
  auto* y = static_cast<Element*>(to);
  int64_t i = 0;
  for (; i + 64 <= count; i += 64) relu_grad_64(g + i, *positive++, y + i);
  if (i < count) relu_grad_word(g + i, *positive, static_cast<int>(count - i), y + i);
}

}  // namespace hadal::hpts::HADAL_ISA_NAMESPACE
