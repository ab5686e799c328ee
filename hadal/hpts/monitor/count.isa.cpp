// One pass over a gradient: 7 counts, the range and the sum of squares. All but the latter work on
// the bits of the magnitude, which order as the numbers do: no comparison depends on whether the
// processor takes subnormal numbers for zero.
#include "hadal/hpts/monitor/count.h"

namespace hadal::hpts::HADAL_ISA_NAMESPACE {
namespace {

#if defined(__AVX512F__)
constexpr int kWidth = 16;
#elif defined(__AVX2__)
constexpr int kWidth = 8;
#else
constexpr int kWidth = 4;
#endif
constexpr int kHalf = kWidth / 2;

typedef int32_t Bits __attribute__((vector_size(4 * kWidth)));
typedef uint16_t Brains __attribute__((vector_size(2 * kWidth)));
typedef uint32_t Wide __attribute__((vector_size(4 * kWidth)));
typedef float Floats __attribute__((vector_size(4 * kHalf)));
typedef double Doubles __attribute__((vector_size(8 * kHalf)));

constexpr int32_t kInfinity = 0x7f800000;
constexpr int32_t kMagnitude = 0x7fffffff;

inline Bits load(const uint32_t* from) {
  Bits bits;
  __builtin_memcpy(&bits, from, sizeof bits);
  return bits;
}
inline Bits load(const uint16_t* from) {
  Brains brains;
  __builtin_memcpy(&brains, from, sizeof brains);
  return reinterpret_cast<Bits>(__builtin_convertvector(brains, Wide) << 16);
}

inline Bits larger(Bits a, Bits b) { return a > b ? a : b; }
inline Bits smaller(Bits a, Bits b) { return a < b ? a : b; }

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
    Floats halves[2];
    __builtin_memcpy(halves, &x, sizeof x);
    for (int i = 0; i < 2; ++i) {
      const Doubles half = __builtin_convertvector(halves[i], Doubles);
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

template <class Element>
Counts count(const void* values, int64_t size, const CountLimits& limits) {
  // Elements are copied, never read in place: their address may be unaligned.
  const auto* at = static_cast<const char*>(values);
  Lanes lanes;
  int64_t i = 0;
  for (; i + kWidth <= size; i += kWidth) {
    Element block[kWidth];
    __builtin_memcpy(block, at + i * static_cast<int64_t>(sizeof(Element)), sizeof block);
    lanes.add(load(block), limits);
  }
  if (i == size) return collect(lanes, 0);
  Element rest[kWidth] = {};
  __builtin_memcpy(rest, at + i * static_cast<int64_t>(sizeof(Element)),
                   static_cast<unsigned long>(size - i) * sizeof(Element));
  lanes.add(load(rest), limits);
  return collect(lanes, kWidth - (size - i));
}

}  // namespace

Counts count_fp32(const void* values, int64_t size, const CountLimits& limits) {
  return count<uint32_t>(values, size, limits);
}

Counts count_bf16(const void* values, int64_t size, const CountLimits& limits) {
  return count<uint16_t>(values, size, limits);
}

}  // namespace hadal::hpts::HADAL_ISA_NAMESPACE
