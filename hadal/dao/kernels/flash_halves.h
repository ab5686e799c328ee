#pragma once

// The streaming softmax of flash.h with the rows in two halves: while the products of one are
// computed in tiles, the other's scores are turned into weights. For AMX only.
#include "hadal/dao/kernels/forward_math.h"
#include "hadal/dao/kernels/products_tiles.h"

namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE {

/// ForwardMath in tiles.
struct TileMath : ForwardMath<TileProducts> {
  static void attend(const Task& task, const State& state, int64_t& at, int64_t end);
};

/// Half of a task's rows.
struct Half {
  int64_t first;
  int64_t end;  ///< at most the task's rows, then first where it has none here
};

inline Half half_of(const Task& task, int64_t first) {
  const int64_t end = first + kTileProductRows < task.rows ? first + kTileProductRows : task.rows;
  return {first, end < first ? first : end};
}

/// Turns the scores of a half into weights, a row a call.
class Weighing {
 public:
  Weighing(const Task& task, const State& state, const Half& half, const Span& span)
      : task_(task),
        state_(state),
        row_(half.first),
        end_(half.end),
        columns_(span.count * kBlock) {
    mask_span(task, state, half.first, half.end, span);
  }

  void operator()() {
    if (row_ < end_) update_row<TileMath>(task_, state_, row_++, columns_);
  }
  void finish() {
    while (row_ < end_) (*this)();
  }

 private:
  const Task& task_;
  const State& state_;
  int64_t row_;
  int64_t end_;
  int columns_;
};

template <class Aside>
void score_half(const Task& task, const State& state, const Half& half, const Span& span,
                Aside&& aside) {
  if (half.first == half.end) return;
  const int64_t units = task.padded / TileMath::kGroup;
  for (int i = 0; i < span.count; ++i) {
    const uint32_t* keys = TileMath::keys_of(task, span.blocks[i]);
    TileProducts::multiply_rows(
        state.scores + half.first * kScoreStride + i * kBlock, kScoreStride, kBlock,
        {reinterpret_cast<const uint32_t*>(state.queries) + half.first * units, units, &keys,
         kBlock, 1, units},
        false, aside);
  }
}

template <class Aside>
void add_values_to_half(const Task& task, const State& state, const Half& half, const Span& span,
                        Aside&& aside) {
  if (half.first == half.end) return;
  constexpr int64_t kUnits = kBlock / TileMath::kGroup;
  constexpr int64_t kStride = kScoreStride / TileMath::kGroup;
  const uint32_t* values[kSpan];
  for (int i = 0; i < span.count; ++i) values[i] = TileMath::values_of(task, span.blocks[i]);
  TileProducts::multiply_rows(
      state.output + half.first * task.padded, task.padded, task.padded,
      {reinterpret_cast<const uint32_t*>(state.weights) + half.first * kStride, kStride, values,
       task.padded, span.count, kUnits},
      true, aside);
}

/// As attend_blocks(), for a task that is not careful.
inline void attend_in_halves(const Task& task, const State& state, int64_t& at, int64_t end) {
  const Half upper = half_of(task, 0);
  const Half lower = half_of(task, kTileProductRows);
  const auto nothing = [] {};
  Span before;
  Span span = next_span(task, at, end);
  score_half(task, state, upper, span, nothing);
  while (span.count > 0) {
    const Span next = next_span(task, at, end);
    Weighing of_upper(task, state, upper, span);
    if (before.count > 0) add_values_to_half(task, state, lower, before, of_upper);
    score_half(task, state, lower, span, of_upper);
    of_upper.finish();
    Weighing of_lower(task, state, lower, span);
    score_half(task, state, upper, next, of_lower);
    add_values_to_half(task, state, upper, span, of_lower);
    of_lower.finish();
    before = span;
    span = next;
  }
  if (before.count > 0) add_values_to_half(task, state, lower, before, nothing);
}

inline void TileMath::attend(const Task& task, const State& state, int64_t& at, int64_t end) {
  task.careful ? attend_blocks<TileMath>(task, state, at, end)
               : attend_in_halves(task, state, at, end);
}

}  // namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE
