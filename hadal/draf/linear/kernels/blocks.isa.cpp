// Products of 8-bit activations with 4- and 8-bit weights, in integers within a block of inputs. A
// lane has an output, so that scales are applied once a block and not once a vector.
#include "hadal/draf/linear/kernels/blocks.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace hadal::draf::kernels::HADAL_ISA_NAMESPACE {
namespace {

#if defined(__AVX512F__)

constexpr int kLanes = 16;
typedef __m512i Bytes;
typedef __m512i Sums16;
typedef __m512i Sums32;
typedef __m512 Floats;

inline Bytes load(const void* from) { return _mm512_loadu_si512(from); }
inline Bytes repeat(const int8_t* quad) {
  int32_t bits;
  __builtin_memcpy(&bits, quad, sizeof bits);
  return _mm512_set1_epi32(bits);
}
inline Bytes low_codes(Bytes x) { return _mm512_and_si512(x, _mm512_set1_epi8(15)); }
inline Bytes high_codes(Bytes x) { return low_codes(_mm512_srli_epi16(x, 4)); }
#if defined(__AVX512VNNI__)
inline Sums32 add_unsigned(Sums32 sum, Bytes codes, Bytes x) {
  return _mm512_dpbusd_epi32(sum, codes, x);
}
inline Sums32 pairs_of(Sums32 sum) { return sum; }
/// Codes are taken as if they were so much larger.
constexpr int32_t kSignedShift = 128;
inline Sums32 add_signed(Sums32 sum, Bytes codes, Bytes x) {
  return _mm512_dpbusd_epi32(sum, _mm512_xor_si512(codes, _mm512_set1_epi8(-128)), x);
}
#else
/// Adds products of neighbours, of unsigned and signed bytes.
inline Sums16 add_unsigned(Sums16 sum, Bytes codes, Bytes x) {
  return _mm512_add_epi16(sum, _mm512_maddubs_epi16(codes, x));
}
inline Sums32 pairs_of(Sums16 sum) { return _mm512_madd_epi16(sum, _mm512_set1_epi16(1)); }
inline Bytes even(Bytes x) { return _mm512_srai_epi16(_mm512_slli_epi16(x, 8), 8); }
inline Bytes odd(Bytes x) { return _mm512_srai_epi16(x, 8); }
inline Sums32 add_products(Sums32 sum, Bytes a, Bytes b) {
  return _mm512_add_epi32(sum, _mm512_madd_epi16(a, b));
}
#endif
inline Floats floats_of(Sums32 sum, int32_t less) {
  return _mm512_cvtepi32_ps(_mm512_sub_epi32(sum, _mm512_set1_epi32(less)));
}
inline Floats add_scaled(Floats sum, Floats x, Floats scales) {
  return _mm512_fmadd_ps(x, scales, sum);
}
inline Floats scales_of(const uint16_t* bf16) {
  const __m256i halves = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bf16));
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
}
inline Floats load_floats(const float* from) { return _mm512_loadu_ps(from); }
inline void store(float* to, Floats x) { _mm512_storeu_ps(to, x); }
inline Sums16 zero() { return _mm512_setzero_si512(); }

#elif defined(__AVX2__)

constexpr int kLanes = 8;
typedef __m256i Bytes;
typedef __m256i Sums16;
typedef __m256i Sums32;
typedef __m256 Floats;

inline Bytes load(const void* from) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(from));
}
inline Bytes repeat(const int8_t* quad) {
  int32_t bits;
  __builtin_memcpy(&bits, quad, sizeof bits);
  return _mm256_set1_epi32(bits);
}
inline Bytes low_codes(Bytes x) { return _mm256_and_si256(x, _mm256_set1_epi8(15)); }
inline Bytes high_codes(Bytes x) { return low_codes(_mm256_srli_epi16(x, 4)); }
/// Adds products of neighbours, of unsigned and signed bytes.
inline Sums16 add_unsigned(Sums16 sum, Bytes codes, Bytes x) {
  return _mm256_add_epi16(sum, _mm256_maddubs_epi16(codes, x));
}
inline Sums32 pairs_of(Sums16 sum) { return _mm256_madd_epi16(sum, _mm256_set1_epi16(1)); }
inline Bytes even(Bytes x) { return _mm256_srai_epi16(_mm256_slli_epi16(x, 8), 8); }
inline Bytes odd(Bytes x) { return _mm256_srai_epi16(x, 8); }
inline Sums32 add_products(Sums32 sum, Bytes a, Bytes b) {
  return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b));
}
inline Floats floats_of(Sums32 sum, int32_t less) {
  return _mm256_cvtepi32_ps(_mm256_sub_epi32(sum, _mm256_set1_epi32(less)));
}
inline Floats add_scaled(Floats sum, Floats x, Floats scales) {
  return _mm256_fmadd_ps(x, scales, sum);
}
inline Floats scales_of(const uint16_t* bf16) {
  const __m128i halves = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bf16));
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
}
inline Floats load_floats(const float* from) { return _mm256_loadu_ps(from); }
inline void store(float* to, Floats x) { _mm256_storeu_ps(to, x); }
inline Sums16 zero() { return _mm256_setzero_si256(); }

#else

constexpr int kLanes = 4;
typedef int8_t Bytes __attribute__((vector_size(16)));
typedef int16_t Sums16 __attribute__((vector_size(16)));
typedef int32_t Sums32 __attribute__((vector_size(16)));
typedef float Floats __attribute__((vector_size(16)));

inline Bytes load(const void* from) {
  Bytes x;
  __builtin_memcpy(&x, from, sizeof x);
  return x;
}
inline Bytes repeat(const int8_t* quad) {
  int32_t bits;
  __builtin_memcpy(&bits, quad, sizeof bits);
  return reinterpret_cast<Bytes>(Sums32{} + bits);
}
inline Bytes low_codes(Bytes x) { return x & 15; }
inline Bytes high_codes(Bytes x) { return x >> 4 & 15; }
inline Sums16 even(Bytes x) { return reinterpret_cast<Sums16>(x) << 8 >> 8; }
inline Sums16 odd(Bytes x) { return reinterpret_cast<Sums16>(x) >> 8; }
inline Sums16 add_unsigned(Sums16 sum, Bytes codes, Bytes x) {
  return sum + even(codes) * even(x) + odd(codes) * odd(x);
}
inline Sums32 low_half(Sums16 x) { return reinterpret_cast<Sums32>(x) << 16 >> 16; }
inline Sums32 high_half(Sums16 x) { return reinterpret_cast<Sums32>(x) >> 16; }
inline Sums32 pairs_of(Sums16 sum) { return low_half(sum) + high_half(sum); }
inline Sums32 add_products(Sums32 sum, Sums16 a, Sums16 b) {
  return sum + low_half(a) * low_half(b) + high_half(a) * high_half(b);
}
inline Floats floats_of(Sums32 sum, int32_t less) {
  return __builtin_convertvector(sum - less, Floats);
}
inline Floats add_scaled(Floats sum, Floats x, Floats scales) { return sum + x * scales; }
inline Floats scales_of(const uint16_t* bf16) {
  Sums32 bits;
  for (int i = 0; i < kLanes; ++i) bits[i] = static_cast<int32_t>(uint32_t{bf16[i]} << 16);
  return reinterpret_cast<Floats>(bits);
}
inline Floats load_floats(const float* from) {
  Floats x;
  __builtin_memcpy(&x, from, sizeof x);
  return x;
}
inline void store(float* to, Floats x) { __builtin_memcpy(to, &x, sizeof x); }
inline Sums16 zero() { return Sums16{}; }

#endif

#if !defined(__AVX512VNNI__)
constexpr int32_t kSignedShift = 0;
inline Sums32 add_signed(Sums32 sum, Bytes codes, Bytes x) {
  return add_products(add_products(sum, even(codes), even(x)), odd(codes), odd(x));
}
#endif

constexpr int kMostRows = 4;

struct Int4 {
  typedef Int4Block Block;

  /// Adds a block's products to `sums`. `at` is the first byte of the lanes.
  template <int rows>
  static void add(Floats (&sums)[rows], const ActivationBlock* x, int64_t x_stride,
                  const Block& block, int at) {
    Sums16 pairs[rows];
    // 15 * 127 * 2 products of neighbours, 8 times, stay below 2^15.
    for (int r = 0; r < rows; ++r) pairs[r] = zero();
    for (int q = 0; q < kQuads / 2; ++q) {
      const Bytes codes = load(block.codes[q] + at);
      const Bytes low = low_codes(codes);
      const Bytes high = high_codes(codes);
      for (int r = 0; r < rows; ++r) {
        const int8_t* left = x[r * x_stride].codes + 4 * q;
        pairs[r] = add_unsigned(pairs[r], low, repeat(left));
        pairs[r] = add_unsigned(pairs[r], high, repeat(left + kBlockInputs / 2));
      }
    }
    const Floats scales = scales_of(block.scales + at / 4);
    for (int r = 0; r < rows; ++r) {
      const ActivationBlock& left = x[r * x_stride];
      sums[r] =
          add_scaled(sums[r], floats_of(pairs_of(pairs[r]), 8 * left.sum), scales * left.scale);
    }
  }
  static Floats finish(Floats sum, const float*) { return sum; }
};

struct Int8 {
  typedef Int8Block Block;

  template <int rows>
  static void add(Floats (&sums)[rows], const ActivationBlock* x, int64_t x_stride,
                  const Block& block, int at) {
    Sums32 products[rows];
    for (int r = 0; r < rows; ++r) products[r] = reinterpret_cast<Sums32>(zero());
    for (int q = 0; q < kQuads; ++q) {
      const Bytes codes = load(block.codes[q] + at);
      for (int r = 0; r < rows; ++r) {
        products[r] = add_signed(products[r], codes, repeat(x[r * x_stride].codes + 4 * q));
      }
    }
    for (int r = 0; r < rows; ++r) {
      const ActivationBlock& left = x[r * x_stride];
      sums[r] = add_scaled(sums[r], floats_of(products[r], kSignedShift * left.sum),
                           Floats{} + left.scale);
    }
  }
  static Floats finish(Floats sum, const float* scales) { return sum * load_floats(scales); }
};

/// One row is bound by reading weights: asked for so many blocks ahead, they come 7 % faster than
/// the processor brings them by itself.
constexpr int64_t kBlocksAhead = 8;

template <class Block>
inline void fetch(const Block* block) {
  const auto* bytes = reinterpret_cast<const char*>(block);
  for (int64_t i = 0; i < static_cast<int64_t>(sizeof(Block)); i += 64) {
    __builtin_prefetch(bytes + i);
  }
}

/// The outputs of a group, for `rows` rows.
template <class Format, int rows>
void run_group(const BlocksTask& task, int64_t row, int64_t group) {
  constexpr int kParts = kGroup / kLanes;
  const auto* weight =
      static_cast<const typename Format::Block*>(task.weight) + group * task.blocks;
  const ActivationBlock* x = task.x + row * task.blocks;
  Floats sums[kParts][rows] = {};
  for (int64_t b = 0; b < task.blocks; ++b) {
    if constexpr (rows == 1) fetch(weight + b + kBlocksAhead);
    for (int part = 0; part < kParts; ++part) {
      Format::template add<rows>(sums[part], x + b, task.blocks, weight[b], 4 * kLanes * part);
    }
  }
  for (int part = 0; part < kParts; ++part) {
    const int64_t output = group * kGroup + part * kLanes;
    for (int r = 0; r < rows; ++r) {
      store(task.y + (row + r) * task.y_stride + output,
            Format::finish(sums[part][r], task.scales + output));
    }
  }
}

template <class Format>
void run(const BlocksTask& task) {
  for (int64_t group = task.first; group < task.last; ++group) {
    int64_t row = 0;
    for (; row + kMostRows <= task.rows; row += kMostRows) {
      run_group<Format, kMostRows>(task, row, group);
    }
    for (; row < task.rows; ++row) run_group<Format, 1>(task, row, group);
  }
}

}  // namespace

void blocks_int4(const BlocksTask& task) { run<Int4>(task); }
void blocks_int8(const BlocksTask& task) { run<Int8>(task); }

}  // namespace hadal::draf::kernels::HADAL_ISA_NAMESPACE
