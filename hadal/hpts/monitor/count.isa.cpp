// One pass over a gradient: 7 counts, the range and the sum of squares. All but the latter work on
// the bits of the magnitude, which order as the numbers do: no comparison depends on whether the
// processor takes subnormal numbers for zero.
#include "hadal/hpts/monitor/count.h"

#include "hadal/core/vector.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace hadal::hpts::HADAL_ISA_NAMESPACE {
namespace {

using vectors::HADAL_ISA_NAMESPACE::kWidth;
constexpr int kHalf = kWidth / 2;

using Bits = vectors::HADAL_ISA_NAMESPACE::Integers;
typedef uint16_t Brains __attribute__((vector_size(2 * kWidth)));
typedef uint32_t Wide __attribute__((vector_size(4 * kWidth)));
typedef float Floats __attribute__((vector_size(4 * kHalf)));
typedef double Doubles __attribute__((vector_size(8 * kHalf)));

constexpr int32_t kInfinity = 0x7f800000;
constexpr int32_t kMagnitude = 0x7fffffff;

/// kWidth values from an address that may be unaligned: fp32 (4 bytes) or bf16 (2).
template <int bytes>
Bits load(const char* from) {
  Bits bits;
  if constexpr (bytes == 4) {
    __builtin_memcpy(&bits, from, sizeof bits);
  } else {
    Brains brains;
    __builtin_memcpy(&brains, from, sizeof brains);
    bits = reinterpret_cast<Bits>(__builtin_convertvector(brains, Wide) << 16);
  }
  return bits;
}

inline Bits larger(Bits a, Bits b) { return a > b ? a : b; }
inline Bits smaller(Bits a, Bits b) { return a < b ? a : b; }

/// The numbers whose bits the first or second half of `x` has. By hand, because compilers convert
/// vectors in smaller pieces.
inline Doubles half_of(Bits x, int half) {
#if defined(__AVX512F__)
  const auto bits = reinterpret_cast<__m512i>(x);
  const __m256i part =
      half == 0 ? _mm512_castsi512_si256(bits) : _mm512_extracti64x4_epi64(bits, 1);
  return reinterpret_cast<Doubles>(_mm512_cvtps_pd(_mm256_castsi256_ps(part)));
#elif defined(__AVX2__)
  const auto bits = reinterpret_cast<__m256i>(x);
  const __m128i part = half == 0 ? _mm256_castsi256_si128(bits) : _mm256_extracti128_si256(bits, 1);
  return reinterpret_cast<Doubles>(_mm256_cvtps_pd(_mm_castsi128_ps(part)));
#else
  Floats halves[2];
  __builtin_memcpy(halves, &x, sizeof x);
  return __builtin_convertvector(halves[half], Doubles);
#endif
}

/// A comparison gives -1 where it holds, so that counters fall.
struct Lanes {
  Bits non_finite{}, zeros{}, below_fp16_nonzero{}, below_fp16_normal{}, above_fp16{},
      below_bf16_nonzero{}, below_bf16_normal{}, largest{};
  /// Less one.
  Bits smallest = Bits{} + kMagnitude;
  Doubles squares[2] = {};

  void add(Bits values, const CountLimits& limits) {
    const Bits all = values & kMagnitude;
    const Bits wild = all >= kInfinity;
    const Bits x = all & ~wild;
    non_finite += wild;
    zeros += all == 0;
    below_fp16_nonzero += x < limits.fp16_nonzero;
    below_fp16_normal += x < limits.fp16_normal;
    above_fp16 += x >= limits.fp16_overflow;
    below_bf16_nonzero += x < limits.bf16_nonzero;
    below_bf16_normal += x < limits.bf16_normal;
    largest = larger(largest, x);
    // Zero becomes the largest.
    smallest = smaller(smallest, (x - 1) & kMagnitude);
    for (int i = 0; i < 2; ++i) {
      const Doubles half = half_of(x, i);
      squares[i] += half * half;
    }
  }
};

inline int64_t sum(Bits lanes) {
  int64_t total = 0;
  for (int i = 0; i < kWidth; ++i) total -= lanes[i];
  return total;
}

/// The counts of `lanes`, which have seen `padding` zeros too many.
Counts collect(const Lanes& lanes, int64_t padding) {
  Counts counts = {};
  counts.non_finite = sum(lanes.non_finite);
  counts.zeros = sum(lanes.zeros) - padding;
  counts.below_fp16_nonzero = sum(lanes.below_fp16_nonzero) - padding;
  counts.below_fp16_normal = sum(lanes.below_fp16_normal) - padding;
  counts.above_fp16 = sum(lanes.above_fp16);
  counts.below_bf16_nonzero = sum(lanes.below_bf16_nonzero) - padding;
  counts.below_bf16_normal = sum(lanes.below_bf16_normal) - padding;
  int32_t smallest = kMagnitude;
  for (int i = 0; i < kWidth; ++i) {
    counts.largest = lanes.largest[i] > counts.largest ? lanes.largest[i] : counts.largest;
    smallest = lanes.smallest[i] < smallest ? lanes.smallest[i] : smallest;
  }
  counts.smallest = smallest == kMagnitude ? kMagnitude : smallest + 1;
  for (int i = 0; i < kHalf; ++i) counts.squares += lanes.squares[0][i] + lanes.squares[1][i];
  return counts;
}

template <int bytes>
Counts count(const void* values, int64_t size, const CountLimits& limits) {
  const auto* at = static_cast<const char*>(values);
  const auto* whole = at + size / kWidth * kWidth * bytes;
  Lanes lanes;
  for (; at < whole; at += kWidth * bytes) lanes.add(load<bytes>(at), limits);
  const int64_t rest = size % kWidth;
  if (rest == 0) return collect(lanes, 0);
  char padded[kWidth * bytes] = {};
  __builtin_memcpy(padded, at, static_cast<unsigned long>(rest * bytes));
  lanes.add(load<bytes>(padded), limits);
  return collect(lanes, kWidth - rest);
}

}  // namespace

Counts count_fp32(const void* values, int64_t size, const CountLimits& limits) {
  return count<4>(values, size, limits);
}

Counts count_bf16(const void* values, int64_t size, const CountLimits& limits) {
  return count<2>(values, size, limits);
}

}  // namespace hadal::hpts::HADAL_ISA_NAMESPACE
