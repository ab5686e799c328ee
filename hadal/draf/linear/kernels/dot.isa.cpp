// Products of rows as files store them, along the depth, so that weights are used where a file maps
// them. One row is bound by reading the weights; many are bound by multiplying, with tiles of sums
// in registers.
#include "hadal/draf/linear/kernels/dot.h"

#include "hadal/draf/linear/kernels/element.h"

#if defined(__AVX512BF16__)
#include <immintrin.h>
#endif

namespace hadal::draf::kernels::HADAL_ISA_NAMESPACE {
namespace {

inline float float_of(float x) { return x; }
inline float float_of(uint16_t bf16) {
  const uint32_t bits = static_cast<uint32_t>(bf16) << 16;
  float x;
  __builtin_memcpy(&x, &bits, sizeof x);
  return x;
}

/// fp32 as it is.
struct DotFp32 {
  typedef float Stored;  // in memory
  typedef float Left;    // x as it is multiplied
  typedef float Panel;   // a weight as it is multiplied by many rows
  typedef Vector Operand;
  static constexpr bool kConverts = false;
  static constexpr int kStep = kWidth;
  static void add(Vector& sum, Operand a, Operand b) { sum += a * b; }
  static Operand get(const float* from) { return Fp32::load(from); }
};

/// bf16, multiplied in fp32.
struct DotBf16 {
  typedef uint16_t Stored;
  typedef float Left;
  typedef float Panel;
  typedef Vector Operand;
  static constexpr bool kConverts = true;
  static constexpr int kStep = kWidth;
  static void add(Vector& sum, Operand a, Operand b) { sum += a * b; }
  static Operand get(const float* from) { return Fp32::load(from); }
  static Operand get(const uint16_t* from) { return Bf16::load(from); }
};

#if defined(__AVX512BF16__)
/// bf16, multiplied as it is (VDPBF16PS).
struct DotBf16Pairs {
  typedef uint16_t Stored;
  typedef uint16_t Left;
  typedef uint16_t Panel;
  typedef __m512bh Operand;
  static constexpr bool kConverts = false;
  static constexpr int kStep = 2 * kWidth;
  static void add(Vector& sum, Operand a, Operand b) {
    sum = reinterpret_cast<Vector>(_mm512_dpbf16_ps(reinterpret_cast<__m512>(sum), a, b));
  }
  static Operand get(const uint16_t* from) {
    return reinterpret_cast<Operand>(_mm512_loadu_si512(from));
  }
};
using BestBf16 = DotBf16Pairs;
#else
using BestBf16 = DotBf16;
#endif

/// Rows of x and outputs whose sums are in registers at a time.
constexpr int kMostRows = 4;
constexpr int columns_of(int rows) {
  if (rows == 1) return 8;
  if (rows == 2) return 6;
  return kWidth == 16 ? 6 : 3;
}
static_assert(kPanel % columns_of(1) == 0 && kPanel % columns_of(2) == 0 &&
              kPanel % columns_of(4) == 0);

/// Where a tile's sums go.
struct Target {
  float* y;
  int64_t stride;
  bool adds;  // to what is there
};

template <class Format, int rows, int columns, class Weight>
void tile(const typename Format::Left* x, int64_t x_stride, const Weight* weight,
          int64_t weight_stride, int64_t depth, const Target& target) {
  Vector sums[rows][columns] = {};
  const int64_t whole = depth - depth % Format::kStep;
  for (int64_t k = 0; k < whole; k += Format::kStep) {
    typename Format::Operand right[columns];
    for (int c = 0; c < columns; ++c) right[c] = Format::get(weight + c * weight_stride + k);
    for (int r = 0; r < rows; ++r) {
      const typename Format::Operand left = Format::get(x + r * x_stride + k);
      for (int c = 0; c < columns; ++c) Format::add(sums[r][c], left, right[c]);
    }
  }
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < columns; ++c) {
      float sum = 0;
      for (int i = 0; i < kWidth; ++i) sum += sums[r][c][i];
      for (int64_t k = whole; k < depth; ++k) {
        sum += float_of(x[r * x_stride + k]) * float_of(weight[c * weight_stride + k]);
      }
      float& y = target.y[r * target.stride + c];
      y = target.adds ? y + sum : sum;
    }
  }
}

/// All outputs of a panel for `rows` rows.
template <class Format, int rows, class Weight>
void columns(const typename Format::Left* x, int64_t x_stride, const Weight* weight,
             int64_t weight_stride, int64_t outputs, int64_t depth, const Target& target) {
  constexpr int kColumns = columns_of(rows);
  int64_t o = 0;
  for (; o + kColumns <= outputs; o += kColumns) {
    tile<Format, rows, kColumns>(x, x_stride, weight + o * weight_stride, weight_stride, depth,
                                 {target.y + o, target.stride, target.adds});
  }
  for (; o < outputs; ++o) {
    tile<Format, rows, 1>(x, x_stride, weight + o * weight_stride, weight_stride, depth,
                          {target.y + o, target.stride, target.adds});
  }
}

template <class Format, class Weight>
void panel(const typename Format::Left* x, int64_t x_stride, int64_t rows, const Weight* weight,
           int64_t weight_stride, int64_t outputs, int64_t depth, const Target& target) {
  const auto run = [&]<int count>(int64_t r) {
    columns<Format, count>(x + r * x_stride, x_stride, weight, weight_stride, outputs, depth,
                           {target.y + r * target.stride, target.stride, target.adds});
  };
  int64_t r = 0;
  for (; r + kMostRows <= rows; r += kMostRows) run.template operator()<kMostRows>(r);
  if (rows - r == 3) run.template operator()<3>(r);
  if (rows - r == 2) run.template operator()<2>(r);
  if (rows - r == 1) run.template operator()<1>(r);
}

/// Part of x, [rows][depth], as it is multiplied.
template <class Format>
struct Prepared {
  const typename Format::Left* x;
  int64_t stride;
};

template <class Format>
Prepared<Format> prepare(const typename Format::Stored* x, int64_t x_stride, int64_t rows,
                         int64_t depth, float* to) {
  if constexpr (Format::kConverts) {
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t k = 0; k < depth; ++k) to[r * depth + k] = float_of(x[r * x_stride + k]);
    }
    return {to, depth};
  } else {
    return {x, x_stride};
  }
}

/// The outputs of a panel, over a part of the depth.
template <class Format>
void run_panel(const DotTask& task, const Prepared<Format>& left, int64_t rows, int64_t output,
               int64_t outputs, int64_t k, int64_t depth, float* y, float* room) {
  typedef typename Format::Stored Stored;
  const Stored* weight = static_cast<const Stored*>(task.weight) + output * task.depth + k;
  const Target target{y + output, task.y_stride, k > 0};
  if constexpr (Format::kConverts) {
    if (rows > kMostRows) {
      for (int64_t o = 0; o < outputs; ++o) {
        const Stored* from = weight + o * task.depth;
        for (int64_t i = 0; i < depth; ++i) room[o * depth + i] = float_of(from[i]);
      }
      panel<Format>(left.x, left.stride, rows, room, depth, outputs, depth, target);
      return;
    }
  }
  panel<Format>(left.x, left.stride, rows, weight, task.depth, outputs, depth, target);
}

int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

template <class Format>
void dot(const DotTask& task) {
  typedef typename Format::Stored Stored;
  const Stored* x = static_cast<const Stored*>(task.x);
  float* const room = task.scratch;  // kPanel * kDepthBlock, of weights
  float* const left_room = room + kPanel * kDepthBlock;
  if (keeps_whole(task.rows, task.depth)) {
    const auto left = prepare<Format>(x, task.depth, task.rows, task.depth, left_room);
    for (int64_t o = task.first; o < task.last; o += kPanel) {
      const int64_t outputs = smaller(kPanel, task.last - o);
      for (int64_t k = 0; k < task.depth; k += kDepthBlock) {
        const int64_t depth = smaller(kDepthBlock, task.depth - k);
        run_panel<Format>(task, {left.x + k, left.stride}, task.rows, o, outputs, k, depth, task.y,
                          room);
      }
    }
    return;
  }
  for (int64_t k = 0; k < task.depth; k += kDepthBlock) {
    const int64_t depth = smaller(kDepthBlock, task.depth - k);
    for (int64_t r = 0; r < task.rows; r += kRowBlock) {
      const int64_t rows = smaller(kRowBlock, task.rows - r);
      const auto left = prepare<Format>(x + r * task.depth + k, task.depth, rows, depth, left_room);
      for (int64_t o = task.first; o < task.last; o += kPanel) {
        run_panel<Format>(task, left, rows, o, smaller(kPanel, task.last - o), k, depth,
                          task.y + r * task.y_stride, room);
      }
    }
  }
}

}  // namespace

void dot_fp32(const DotTask& task) { dot<DotFp32>(task); }
void dot_bf16(const DotTask& task) { dot<BestBf16>(task); }

}  // namespace hadal::draf::kernels::HADAL_ISA_NAMESPACE
