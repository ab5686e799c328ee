#include "hadal/dao/decode/attend.h"

#include "hadal/dao/decode/attend_products.h"

// The streaming softmax of kernels/flash.h for a few rows, which take a page at a time: its scores
// stay in the first-level cache, and all rows use its keys and values while they are near. What
// bounds it is reading pages, so the next one is fetched while one is worked on.
namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE {
namespace {

constexpr int64_t kLargestPadded = 256;
/// Rows that are worked on at once, and vectors of the tile they share, by the number of registers.
constexpr int kMostRows = kWidth == 16 ? 8 : 4;
constexpr int vectors_of(int rows) { return rows == 1 ? 8 : (kWidth == 16 ? 16 : 8) / rows; }
constexpr double kLog2E = 1.4426950408889634;
constexpr float kLn2 = 0.693147181F;

template <class Pages>
struct State {
  typedef typename Pages::Left Left;
  typedef typename Pages::Unit Unit;

  Left* queries;   // [rows][padded / kGroup]
  float* output;   // [rows][padded]
  float* sum;      // [rows][kLanes]
  float* maximum;  // [rows], of the scores times scale and log2(e)
  int64_t units;   // padded / kGroup

  State(const PagesTask& task, int64_t rows)
      : queries(reinterpret_cast<Left*>(task.scratch)),
        output(task.scratch + rows * task.padded),
        sum(output + rows * task.padded),
        maximum(sum + rows * kLanes),
        units(task.padded / Pages::kGroup) {}
};

/// scale * log2(e) in two parts, because rounding it to one would show in the weights of large
/// scores.
struct ToLog2 {
  float high, low;

  explicit ToLog2(double scale)
      : high(static_cast<float>(scale * kLog2E)),
        low(static_cast<float>(scale * kLog2E - static_cast<double>(high))) {}
  /// x in binary logarithms, less `subtracted`. -infinity stays, whatever the sign of `low`.
  Vector operator()(Vector x, float subtracted) const {
    return larger(x, broadcast(-1e30F)) * low + (x * high - subtracted);
  }
};

/// One page of the task's head.
template <class Unit>
struct Page {
  const Unit* keys;
  const Unit* values;
  int64_t ahead;       // units to the next page, or 0
  int64_t seen_first;  // keys of it that token 0 sees, may be below 0 or above kBlock
  bool careful;        // some tokens do not see all of it, and not all its values are finite
};

inline int64_t clamped(int64_t keys) { return keys < 0 ? 0 : keys < kBlock ? keys : kBlock; }

/// Keys of the page that a row sees.
template <class Unit>
int64_t seen_of(const PagesTask& task, const Page<Unit>& page, int64_t row) {
  return clamped(page.seen_first + row % task.tokens);
}

/// Keys of the page that lie before the row's window.
template <class Unit>
int64_t passed_of(const PagesTask& task, const Page<Unit>& page, int64_t row) {
  return clamped(page.seen_first + row % task.tokens - task.window);
}

template <class Pages>
void load_queries(const PagesTask& task, const State<Pages>& state) {
  for (int64_t row = 0; row < task.heads * task.tokens; ++row) {
    const float* from =
        task.queries + row / task.tokens * task.head_stride + row % task.tokens * task.head_dim;
    auto* to = state.queries + row * state.units;
    for (int64_t i = 0; i < task.padded; i += kWidth) {
      Vector x{};
      for (int lane = 0; lane < kWidth && i + lane < task.head_dim; ++lane)
        x[lane] = from[i + lane];
      Pages::store_left(to + i / Pages::kGroup, x);
    }
  }
}

template <class Pages>
void clear(const PagesTask& task, const State<Pages>& state) {
  const int64_t rows = task.heads * task.tokens;
  for (int64_t i = 0; i < rows * task.padded; ++i) state.output[i] = 0;
  for (int64_t i = 0; i < rows * kLanes; ++i) state.sum[i] = 0;
  for (int64_t row = 0; row < rows; ++row) state.maximum[row] = -__builtin_inff();
}

/// Turns a row's scores of a page into weights, and updates its maximum, sum and output.
template <class Pages>
void update_row(const PagesTask& task, const State<Pages>& state, int64_t row, const float* scores,
                typename Pages::Left* weights) {
  const ToLog2 to_log2(task.scale);
  Vector most = load(scores);
  for (int i = kWidth; i < kBlock; i += kWidth) most = larger(most, load(scores + i));
  const float before = state.maximum[row];
  const float here = to_log2(broadcast(largest(most)), 0)[0];
  const float maximum = here > before ? here : before;
  // Where nothing was seen yet there is no maximum to subtract, and exp2 gives 0.
  const float subtracted = maximum == -__builtin_inff() ? 0 : maximum;
  float* sums = state.sum + row * kLanes;
  if (maximum != before) {
    const Vector factor = exp2_not_positive(broadcast(before - subtracted));
    float* output = state.output + row * task.padded;
    for (int64_t i = 0; i < task.padded; i += kWidth) store(output + i, load(output + i) * factor);
    store(sums, load(sums) * factor);
    state.maximum[row] = maximum;
  }
  Vector total = load(sums);
  for (int i = 0; i < kBlock; i += kWidth) {
    const Vector weight = exp2_not_positive(to_log2(load(scores + i), subtracted));
    total += weight;
    Pages::store_left(weights + i / Pages::kGroup, weight);
  }
  store(sums, total);
}

template <class Pages, int rows, int vectors>
void score_columns(const State<Pages>& state, int64_t row, const Page<typename Pages::Unit>& page,
                   int column, float* scores) {
  Vector tile[rows][vectors] = {};
  multiply<Pages>(tile, state.queries + row * state.units, state.units, page.keys + column, kBlock,
                  state.units, page.ahead);
  for (int r = 0; r < rows; ++r) {
    for (int v = 0; v < vectors; ++v) store(scores + r * kBlock + column + v * kWidth, tile[r][v]);
  }
}

template <class Pages, int rows, int vectors>
void add_values(const PagesTask& task, const State<Pages>& state, int64_t row,
                const Page<typename Pages::Unit>& page, int64_t column,
                const typename Pages::Left* weights) {
  float* output = state.output + row * task.padded + column;
  Vector tile[rows][vectors];
  for (int r = 0; r < rows; ++r) {
    for (int v = 0; v < vectors; ++v) tile[r][v] = load(output + r * task.padded + v * kWidth);
  }
  multiply<Pages>(tile, weights, kBlock / Pages::kGroup, page.values + column, task.padded,
                  kBlock / Pages::kGroup, page.ahead);
  for (int r = 0; r < rows; ++r) {
    for (int v = 0; v < vectors; ++v) store(output + r * task.padded + v * kWidth, tile[r][v]);
  }
}

template <class Pages, int rows>
void add_all_values(const PagesTask& task, const State<Pages>& state, int64_t row,
                    const Page<typename Pages::Unit>& page, const typename Pages::Left* weights) {
  constexpr int kVectors = vectors_of(rows);
  constexpr int kNarrow = kHeadStep / kWidth < kVectors ? kHeadStep / kWidth : kVectors;
  int64_t c = 0;
  for (; c + kVectors * kWidth <= task.padded; c += kVectors * kWidth) {
    add_values<Pages, rows, kVectors>(task, state, row, page, c, weights);
  }
  for (; c < task.padded; c += kNarrow * kWidth) {
    add_values<Pages, rows, kNarrow>(task, state, row, page, c, weights);
  }
}

/// Adds the values that a row sees. The others are taken as zeros, because a weight of zero times
/// what is not finite is NaN.
template <class Pages>
void add_seen_values(const PagesTask& task, const State<Pages>& state, int64_t row,
                     Page<typename Pages::Unit> page, const typename Pages::Left* weights) {
  constexpr int kGroup = Pages::kGroup;
  alignas(64) typename Pages::Unit seen_values[kBlock / kGroup * kLargestPadded];
  const int64_t seen = seen_of(task, page, row);
  const int64_t passed = passed_of(task, page, row);
  const int64_t whole = seen / kGroup * task.padded;
  const int64_t all = kBlock / kGroup * task.padded;
  for (int64_t i = 0; i < all; ++i) seen_values[i] = i < whole ? page.values[i] : 0;
  for (int64_t i = whole; seen % kGroup != 0 && i < whole + task.padded; ++i) {
    seen_values[i] = Pages::first_of(page.values[i]);
  }
  for (int64_t i = 0; i < passed / kGroup * task.padded; ++i) seen_values[i] = 0;
  for (int64_t i = passed / kGroup * task.padded;
       passed % kGroup != 0 && i < (passed / kGroup + 1) * task.padded; ++i) {
    seen_values[i] = Pages::second_of(seen_values[i]);
  }
  page.values = seen_values;
  page.ahead = 0;
  add_all_values<Pages, 1>(task, state, row, page, weights);
}

/// Rows `row` on of the task against a page.
template <class Pages, int rows>
void attend_rows(const PagesTask& task, const State<Pages>& state, int64_t row,
                 const Page<typename Pages::Unit>& page) {
  constexpr int kVectors = vectors_of(rows);
  constexpr int kScoreVectors = kVectors * kWidth < kBlock ? kVectors : kBlock / kWidth;
  constexpr int kWeights = kBlock / Pages::kGroup;
  alignas(64) float scores[rows * kBlock];
  alignas(64) typename Pages::Left weights[rows * kWeights];
  for (int c = 0; c < kBlock; c += kScoreVectors * kWidth) {
    score_columns<Pages, rows, kScoreVectors>(state, row, page, c, scores);
  }
  for (int r = 0; r < rows; ++r) {
    float* of_row = scores + r * kBlock;
    for (int64_t i = seen_of(task, page, row + r); i < kBlock; ++i) of_row[i] = -__builtin_inff();
    const int64_t passed = passed_of(task, page, row + r);
    for (int64_t i = 0; i < passed; ++i) of_row[i] = -__builtin_inff();
    update_row(task, state, row + r, of_row, weights + r * kWeights);
  }
  if (!page.careful) {
    add_all_values<Pages, rows>(task, state, row, page, weights);
    return;
  }
  for (int r = 0; r < rows; ++r) {
    add_seen_values<Pages>(task, state, row + r, page, weights + r * kWeights);
  }
}

template <class Pages>
void attend_page(const PagesTask& task, const State<Pages>& state,
                 Page<typename Pages::Unit> page) {
  const int64_t rows = task.heads * task.tokens;
  for (int64_t row = 0; row < rows;) {
    const int64_t left = rows - row;
    if (kMostRows == 8 && left >= 8) {
      attend_rows<Pages, kMostRows>(task, state, row, page);
      row += kMostRows;
    } else if (left >= 4) {
      attend_rows<Pages, 4>(task, state, row, page);
      row += 4;
    } else if (left >= 2) {
      attend_rows<Pages, 2>(task, state, row, page);
      row += 2;
    } else {
      attend_rows<Pages, 1>(task, state, row, page);
      row += 1;
    }
    page.ahead = 0;  // the first rows have fetched the next page
  }
}

template <class Pages>
bool all_finite(const typename Pages::Unit* values, int64_t padded) {
  bool result = true;
  for (int64_t i = 0; i < kBlock / Pages::kGroup * padded; ++i) {
    result = result && Pages::is_finite(values[i]);
  }
  return result;
}

template <class Pages>
void finish(const PagesTask& task, const State<Pages>& state) {
  for (int64_t row = 0; row < task.heads * task.tokens; ++row) {
    const float total = sum(load(state.sum + row * kLanes));
    const float factor = total > 0 ? 1 / total : 0 * total;  // zeros where nothing is seen
    const float* from = state.output + row * task.padded;
    const int64_t head = row / task.tokens, token = row % task.tokens;
    float* to = task.output + head * task.output_head_stride + token * task.output_token_stride;
    for (int64_t i = 0; i < task.head_dim; ++i) to[i] = from[i] * factor;
    task.log_sum_exp[head * task.log_sum_stride + token] =
        state.maximum[row] * kLn2 + __builtin_logf(total);
  }
}

template <class Pages>
void attend(const PagesTask& task) {
  typedef typename Pages::Unit Unit;
  const State<Pages> state(task, task.heads * task.tokens);
  load_queries(task, state);
  clear(task, state);
  const auto block_at = [&](int64_t i) {
    return task.blocks ? task.blocks[i] : task.first_block + i;
  };
  const auto keys_of = [&](int64_t block) {
    return static_cast<const Unit*>(task.memory) +
           task.pages[block] * (task.page_stride / Pages::kGroup);
  };
  const Unit* keys = keys_of(block_at(0));
  for (int64_t i = 0; i < task.block_count; ++i) {
    const Unit* next = i + 1 < task.block_count ? keys_of(block_at(i + 1)) : keys;
    const Unit* values = keys + kBlock * state.units;
    const int64_t seen_first = task.first_limit - block_at(i) * kBlock;
    // What no token sees yet is zeros, but not what lies before the window.
    const bool hides =
        (seen_first < kBlock && task.tokens > 1) || seen_first + task.tokens - 1 > task.window;
    const bool careful = hides && !all_finite<Pages>(values, task.padded);
    attend_page<Pages>(task, state, {keys, values, next - keys, seen_first, careful});
    keys = next;
  }
  finish(task, state);
}

}  // namespace

void attend_fp32(const PagesTask& task) { attend<FloatPages>(task); }
void attend_bf16(const PagesTask& task) { attend<Bf16Pages>(task); }

}  // namespace hadal::dao::kernels::HADAL_ISA_NAMESPACE
