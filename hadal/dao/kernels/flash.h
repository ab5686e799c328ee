#pragma once

// The streaming softmax that all forward kernels share (Milakov and Gimelshein, 2018; Dao et al.,
// 2022): scores of a few key blocks at a time, the running maximum and sum of each row, and the
// output rescaled where the maximum grows. Compiled once an instruction set.
#include "hadal/dao/kernels/seen_products.h"
#include "hadal/dao/kernels/vector.h"

namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE {

constexpr int kScoreStride = kSpan * kBlock;

/// A task's memory.
struct State {
  float* scores;   ///< [kBlock][kScoreStride]
  float* weights;  ///< the same size, for what the element type's products take
  float* queries;  ///< [kBlock][padded] of the element type
  float* output;   ///< [kBlock][padded]
  float* maximum;  ///< [kBlock], of the scores
  float* sum;      ///< [kBlock], of the weights

  explicit State(const Task& task)
      : scores(task.scratch),
        weights(scores + kBlock * kScoreStride),
        queries(task.kept),
        output(queries + kBlock * task.padded),
        maximum(output + kBlock * task.padded),
        sum(maximum + kBlock) {}
};

inline int64_t limit_of(const Task& task, int64_t row) {
  const int64_t limit = task.first_limit + row * task.limit_step;
  return limit < task.keys ? limit : task.keys;
}

/// The keys of a block that are real, a bit each.
inline uint64_t real_keys(const Task& task, int64_t block) {
  return task.real ? task.real[block] : ~uint64_t{0};
}

/// The keys of a block that a row sees, a bit each.
inline uint64_t seen_keys(const Task& task, int64_t row, int64_t block) {
  const int64_t passed = task.first_limit + row * task.limit_step - task.window;
  return first_bits(limit_of(task, row) - block * kBlock) & ~first_bits(passed - block * kBlock) &
         real_keys(task, block);
}

/// Whether all rows see all of a block, as they do where the first and the last row do.
inline bool is_whole(const Task& task, int64_t block) {
  return (seen_keys(task, 0, block) & seen_keys(task, task.rows - 1, block)) == ~uint64_t{0};
}

/// Sets the scores of keys that a row does not see to -infinity, of rows `first` to `end`; key
/// block `block` stands at column `column` of the scores.
inline void mask_block(const Task& task, const State& state, int64_t first, int64_t end,
                       int64_t block, int column) {
  for (int64_t row = first; row < end; ++row) {
    const uint64_t seen = seen_keys(task, row, block);
    for (int i = 0; i < kBlock; i += kWidth) {
      float* scores = state.scores + row * kScoreStride + column + i;
      store(scores, lanes_of(seen >> i) ? load(scores) : broadcast(-__builtin_inff()));
    }
  }
}

inline void rescale(float* output, int64_t padded, float factor) {
  for (int64_t i = 0; i < padded; i += kWidth) store(output + i, load(output + i) * factor);
}

/// Turns `columns` scores of a row into weights, which Math stores, and updates its maximum, sum
/// and output.
template <class Math>
void update_row(const Task& task, const State& state, int64_t row, int columns) {
  float* scores = state.scores + row * kScoreStride;
  const float to_log2 = task.scale * kLog2E;
  Vector most = load(scores);
  for (int i = kWidth; i < columns; i += kWidth) most = larger(most, load(scores + i));
  const float before = state.maximum[row];
  const float here = largest(most);
  const float maximum = here > before ? here : before;
  if (maximum == -__builtin_inff()) {
    // Nothing seen yet, or nothing that has a maximum to subtract: NaN is all that counts.
    for (int i = 0; i < columns; i += kWidth) {
      const Vector score = load(scores + i);
      const Vector weight = score == score ? Vector{} : score;
      Math::store_weights(state, row, i, weight);
      state.sum[row] += sum(weight);
    }
    return;
  }
  Vector total{};
  for (int i = 0; i < columns; i += kWidth) {
    // Differences first, which are exact where they matter, however large the scores.
    const Vector weight = exp2_not_positive((load(scores + i) - maximum) * to_log2);
    total += weight;
    Math::store_weights(state, row, i, weight);
  }
  if (maximum != before) {
    const float factor = exp2_not_positive(broadcast((before - maximum) * to_log2))[0];
    state.sum[row] *= factor;
    rescale(state.output + row * task.padded, task.padded, factor);
    state.maximum[row] = maximum;
  }
  state.sum[row] += sum(total);
}

inline int64_t block_at(const Task& task, int64_t at) {
  return task.blocks ? task.blocks[at] : task.first_block + at;
}

/// Key blocks that are worked on together.
struct Span {
  int64_t blocks[kSpan];
  int count = 0;
};

/// The next blocks of a task before block `end`, as many as are worked on together, of which some
/// key is real; `at` moves on behind them.
inline Span next_span(const Task& task, int64_t& at, int64_t end) {
  const int most = task.careful ? 1 : kSpan;
  Span span;
  for (; at < task.block_count && span.count < most; ++at) {
    const int64_t block = block_at(task, at);
    if (block >= end) break;
    if (real_keys(task, block) != 0) span.blocks[span.count++] = block;
  }
  return span;
}

/// mask_block() for those blocks of a span that the rows `first` to `end` don't see as a whole.
inline void mask_span(const Task& task, const State& state, int64_t first, int64_t end,
                      const Span& span) {
  for (int i = 0; i < span.count; ++i) {
    if (is_whole(task, span.blocks[i])) continue;
    mask_block(task, state, first, end, span.blocks[i], i * kBlock);
  }
}

template <class Math>
void attend_span(const Task& task, const State& state, const Span& span) {
  for (int i = 0; i < span.count; ++i) {
    Math::score_block(task, state, span.blocks[i], i * kBlock);
  }
  mask_span(task, state, 0, task.rows, span);
  for (int64_t row = 0; row < task.rows; ++row) {
    update_row<Math>(task, state, row, span.count * kBlock);
  }
  if (task.careful && !is_whole(task, span.blocks[0])) {
    Math::add_seen_values(task, state, span.blocks[0]);  // the only one, see next_span()
  } else {
    Math::add_values(task, state, span);
  }
}

/// Goes on from place `at` of the task's blocks to block `end`.
template <class Math>
void attend_blocks(const Task& task, const State& state, int64_t& at, int64_t end) {
  for (Span span = next_span(task, at, end); span.count > 0; span = next_span(task, at, end)) {
    attend_span<Math>(task, state, span);
  }
}

inline bool sees_any(const Task& task, int64_t row) {
  uint64_t seen = 0;
  for (int64_t at = 0; at < task.block_count; ++at)
    seen |= seen_keys(task, row, block_at(task, at));
  return seen != 0;
}

inline float as(float, float x) { return x; }
/// Rounded to nearest, ties to even; NaN stays.
inline uint16_t as(uint16_t, float x) {
  uint32_t bits;
  __builtin_memcpy(&bits, &x, sizeof bits);
  const uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  return static_cast<uint16_t>(x == x ? rounded : 0x7fc0);
}

template <class Element>
void store_scaled(Element* to, const float* from, int64_t count, float factor) {
  for (int64_t i = 0; i < count; ++i) to[i] = as(Element{}, from[i] * factor);
}

inline void finish(const Task& task, const State& state) {
  for (int64_t row = 0; row < task.rows; ++row) {
    float sum = state.sum[row];
    // A row that sees nothing gives zeros; one whose scores all are -infinity has no weights.
    if (sum == 0 && sees_any(task, row)) sum = __builtin_nanf("");
    const float factor = sum > 0 ? 1 / sum : 0 * sum;
    const float* from = state.output + row * task.padded;
    const int64_t to = row * task.output_stride;
    if (task.output_is_bf16) {
      store_scaled(static_cast<uint16_t*>(task.output) + to, from, task.head_dim, factor);
    } else {
      store_scaled(static_cast<float*>(task.output) + to, from, task.head_dim, factor);
    }
    task.log_sum_exp[row] = state.maximum[row] * task.scale + __builtin_logf(sum);
  }
}

template <class Math>
void begin(const Task& task, const State& state) {
  Math::load_queries(task, state);
  for (int64_t i = 0; i < kBlock * task.padded; ++i) state.output[i] = 0;
  for (int64_t row = 0; row < kBlock; ++row) {
    state.maximum[row] = -__builtin_inff();
    state.sum[row] = 0;
  }
}

/// Keys and values of this many blocks stay in a core's cache while tasks take turns with them.
constexpr int64_t kTurn = 16;

/// Runs up to kMostTasks tasks that look at the same keys.
template <class Math>
void run_tasks(const Task* tasks, int count) {
  int64_t at[kMostTasks] = {};
  for (int i = 0; i < count; ++i) begin<Math>(tasks[i], State(tasks[i]));
  bool more = true;
  for (int64_t end = kTurn; more; end += kTurn) {
    more = false;
    for (int i = 0; i < count; ++i) {
      Math::attend(tasks[i], State(tasks[i]), at[i], end);
      more |= at[i] < tasks[i].block_count;
    }
  }
  for (int i = 0; i < count; ++i) finish(tasks[i], State(tasks[i]));
}

}  // namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE
