#include "hadal/dao/select/selector.h"

#include "hadal/core/error.h"
#include "hadal/core/isa.h"
#include "hadal/core/random.h"
#include "hadal/dao/select/kept.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <optional>
#include <set>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace hadal::dao {
namespace {

using Set = std::set<std::int64_t>;

struct Shape {
  std::int64_t batch = 1, heads = 1, kv_heads = 1, queries = 1, keys = 1, head_dim = 16;
};

constexpr Shape kShapes[] = {
    {.queries = 1, .keys = 1, .head_dim = 1},
    {.queries = 640, .keys = 640},
    {.batch = 2, .heads = 4, .kv_heads = 2, .queries = 700, .keys = 700, .head_dim = 40},
    {.heads = 3, .kv_heads = 1, .queries = 100, .keys = 1001, .head_dim = 33},
    {.heads = 2, .kv_heads = 2, .queries = 1, .keys = 1500, .head_dim = 128},
    {.queries = 300, .keys = 97},
};

struct Inputs {
  at::Tensor query, key;
};

Inputs inputs_of(const Shape& s, at::ScalarType type = at::kFloat) {
  return {at::randn({s.batch, s.heads, s.queries, s.head_dim}).to(type),
          at::randn({s.batch, s.kv_heads, s.keys, s.head_dim}).to(type)};
}

std::int64_t blocks_of(std::int64_t tokens) { return (tokens + kBlockSize - 1) / kBlockSize; }

/// The definition of what one block of one head sees, token by token.
struct Definition {
  Shape shape;
  bool causal;
  std::int64_t index;  // of the query block

  std::int64_t first() const { return index * kBlockSize; }
  std::int64_t end() const { return std::min(shape.queries, first() + kBlockSize); }
  std::int64_t position(std::int64_t query) const { return query + shape.keys - shape.queries; }

  std::int64_t pairs(std::int64_t block) const {
    std::int64_t result = 0;
    for (std::int64_t i = first(); i < end(); ++i) {
      for (std::int64_t j = block * 64; j < std::min(shape.keys, block * 64 + 64); ++j) {
        result += !causal || j <= position(i);
      }
    }
    return result;
  }
  std::int64_t all_pairs() const {
    std::int64_t result = 0;
    for (std::int64_t block = 0; block < blocks_of(shape.keys); ++block) result += pairs(block);
    return result;
  }
  Set visible() const {
    Set result;
    for (std::int64_t block = 0; block < blocks_of(shape.keys); ++block) {
      if (pairs(block) > 0) result.insert(block);
    }
    return result;
  }
  Set always(const AlwaysKept& kept) const {
    Set result;
    for (const std::int64_t block : visible()) {
      bool near = block < kept.sinks;
      for (std::int64_t i = first(); i < end(); ++i) {
        const auto own = std::clamp<std::int64_t>(position(i), 0, shape.keys - 1) / kBlockSize;
        near = near || std::abs(own - block) <= kept.window;
      }
      if (near) result.insert(block);
    }
    return result;
  }
};

using Numbers = std::vector<double>;
using Rows = std::vector<Numbers>;

Numbers mean(const Rows& rows) {
  Numbers result(rows[0].size());
  for (const Numbers& row : rows) {
    for (std::size_t c = 0; c < row.size(); ++c) {
      result[c] += row[c] / static_cast<double>(rows.size());
    }
  }
  return result;
}

/// The smallest in each dimension, then the largest.
Numbers bounds(const Rows& rows) {
  Numbers low = rows[0];
  Numbers high = rows[0];
  for (const Numbers& row : rows) {
    for (std::size_t c = 0; c < row.size(); ++c) {
      low[c] = std::min(low[c], row[c]);
      high[c] = std::max(high[c], row[c]);
    }
  }
  low.insert(low.end(), high.begin(), high.end());
  return low;
}

/// What a block of keys is pooled to, and the score of a mean query against that.
struct Score {
  Numbers (*pool)(const Rows& keys);
  double (*of)(const Numbers& query, const Numbers& pooled);
};

const Score kMeanScore = {mean, [](const Numbers& query, const Numbers& pooled) {
                            return std::inner_product(query.begin(), query.end(), pooled.begin(),
                                                      0.0);
                          }};
const Score kBoundScore = {bounds, [](const Numbers& query, const Numbers& pooled) {
                             double result = 0;
                             for (std::size_t c = 0; c < query.size(); ++c) {
                               result += std::max(query[c] * pooled[c],
                                                  query[c] * pooled[c + query.size()]);
                             }
                             return result;
                           }};

/// Each block of each head of x, pooled: [batch * heads][blocks].
std::vector<Rows> pooled(const at::Tensor& x, Numbers (*pool)(const Rows&)) {
  const at::Tensor all = x.to(at::kDouble).flatten(0, 1).contiguous();
  const auto values = all.accessor<double, 3>();
  std::vector<Rows> result(static_cast<std::size_t>(values.size(0)));
  for (std::int64_t head = 0; head < values.size(0); ++head) {
    for (std::int64_t first = 0; first < values.size(1); first += kBlockSize) {
      Rows rows;
      for (std::int64_t i = first; i < std::min(values.size(1), first + kBlockSize); ++i) {
        const double* row = values[head][i].data();
        rows.emplace_back(row, row + values.size(2));
      }
      result[static_cast<std::size_t>(head)].push_back(pool(rows));
    }
  }
  return result;
}

/// The expected blocks of a row, given the scores of all blocks of keys.
using Expected = std::function<Set(const Definition&, const Numbers& scores)>;

void expect_selection(const Selector& selector, const Shape& s, const Inputs& x, bool causal,
                      const Score& score, const Expected& expected) {
  const BlockLists lists = selector.select(x.query, x.key, {.causal = causal});
  const auto offsets = lists.offsets.accessor<std::int64_t, 1>();
  const auto* blocks = lists.blocks.const_data_ptr<std::int32_t>();
  const std::int64_t query_blocks = blocks_of(s.queries);
  ASSERT_EQ(offsets.size(0), s.batch * s.heads * query_blocks + 1);
  ASSERT_EQ(offsets[0], 0);
  ASSERT_EQ(offsets[offsets.size(0) - 1], lists.blocks.size(0));
  const auto queries = pooled(x.query, mean);
  const auto keys = pooled(x.key, score.pool);
  for (std::int64_t row = 0; row + 1 < offsets.size(0); ++row) {
    const std::int64_t head = row / query_blocks;  // of all in the batch, as kv_head is
    const std::int64_t kv_head = head / (s.heads / s.kv_heads);
    const std::int64_t index = row % query_blocks;
    Numbers scores;
    for (const Numbers& key : keys[static_cast<std::size_t>(kv_head)]) {
      scores.push_back(
          score.of(queries[static_cast<std::size_t>(head)][static_cast<std::size_t>(index)], key));
    }
    const Set set = expected({s, causal, index}, scores);
    EXPECT_EQ(std::vector<std::int64_t>(blocks + offsets[row], blocks + offsets[row + 1]),
              std::vector<std::int64_t>(set.begin(), set.end()))
        << "row " << row;
  }
}

/// The visible blocks that are not in `always`, best first.
std::vector<std::int64_t> ranked(const Definition& row, const Set& always, const Numbers& scores) {
  std::vector<std::int64_t> result;
  for (const std::int64_t block : row.visible()) {
    if (!always.contains(block)) result.push_back(block);
  }
  std::stable_sort(result.begin(), result.end(), [&](auto a, auto b) {
    return scores[static_cast<std::size_t>(a)] > scores[static_cast<std::size_t>(b)];
  });
  return result;
}

/// One block more, the best of those left, as long as that comes nearer to the budget.
Expected top_k(const Budget& budget) {
  return [=](const Definition& row, const Numbers& scores) {
    Set result = row.always(budget.always);
    double kept = 0;
    for (const std::int64_t block : result) kept += static_cast<double>(row.pairs(block));
    const double asked = budget.keep * static_cast<double>(row.all_pairs());
    for (const std::int64_t block : ranked(row, result, scores)) {
      const double more = kept + static_cast<double>(row.pairs(block));
      const bool full = budget.blocks ? static_cast<std::int64_t>(result.size()) >= *budget.blocks
                                      : std::abs(more - asked) > std::abs(kept - asked);
      if (full) break;
      kept = more;
      result.insert(block);
    }
    return result;
  };
}

Expected up_to_mass(double mass, const AlwaysKept& always) {
  return [=](const Definition& row, const Numbers& scores) {
    const double scale = 1 / std::sqrt(static_cast<double>(row.shape.head_dim));
    const auto weight = [&](std::int64_t block) {
      return std::exp(scale * scores[static_cast<std::size_t>(block)]) *
             static_cast<double>(row.pairs(block));
    };
    double total = 0;
    for (const std::int64_t block : row.visible()) total += weight(block);
    Set result = row.always(always);
    double kept = 0;
    for (const std::int64_t block : result) kept += weight(block);
    for (const std::int64_t block : ranked(row, result, scores)) {
      if (kept >= mass * total) break;
      kept += weight(block);
      result.insert(block);
    }
    return result;
  };
}

class Selection : public ::testing::TestWithParam<Isa> {
 protected:
  void SetUp() override {
    if (GetParam() > detected_isa()) {
      GTEST_SKIP() << "this machine has no " << name_of(GetParam());
    }
    forced_.emplace(GetParam());
    seed_aten(5);
  }

 private:
  std::optional<ScopedIsa> forced_;
};

void for_all_shapes(const std::function<void(const Shape&, const Inputs&, bool causal)>& test) {
  for (const Shape& shape : kShapes) {
    for (const auto type : {at::kFloat, at::kBFloat16, at::kHalf}) {
      for (const bool causal : {true, false}) {
        SCOPED_TRACE(
            concat(shape.queries, " queries, ", shape.keys, " keys, ", type, ", causal ", causal));
        test(shape, inputs_of(shape, type), causal);
      }
    }
  }
}

TEST_P(Selection, PooledTopKEqualsItsDefinition) {
  for (const double keep : {1e-6, 0.3, 0.55, 1.0}) {
    const Budget budget{.keep = keep, .always = {.sinks = 1, .window = 1}};
    for_all_shapes([&](const Shape& shape, const Inputs& x, bool causal) {
      expect_selection(PooledTopK(budget), shape, x, causal, kMeanScore, top_k(budget));
    });
  }
}

TEST_P(Selection, QuestBoundsEqualsItsDefinition) {
  const Budget budget{.keep = 0.4, .always = {.sinks = 2, .window = 0}};
  for_all_shapes([&](const Shape& shape, const Inputs& x, bool causal) {
    expect_selection(QuestBounds(budget), shape, x, causal, kBoundScore, top_k(budget));
  });
}

TEST_P(Selection, ThresholdEqualsItsDefinition) {
  const AlwaysKept always{.sinks = 0, .window = 0};
  for_all_shapes([&](const Shape& shape, const Inputs& x, bool causal) {
    expect_selection(Threshold(0.6, always), shape, x, causal, kMeanScore, up_to_mass(0.6, always));
  });
}

TEST_P(Selection, FindsTheBlockThatAnswers) {
  const Shape shape{.queries = 1280, .keys = 1280, .head_dim = 32};
  Inputs x = inputs_of(shape);
  const auto rows = [](const at::Tensor& tensor, std::int64_t block) {
    return tensor.narrow(2, block * kBlockSize, kBlockSize);
  };
  const at::Tensor direction = at::randn({32});
  rows(x.query, 17).add_(direction);
  rows(x.key, 6).add_(direction);
  const Budget budget{.blocks = 3, .always = {.sinks = 1, .window = 0}};
  const BlockLists pooled = PooledTopK(budget).select(x.query, x.key);
  const BlockLists bounds = QuestBounds(budget).select(x.query, x.key);
  for (const BlockLists& lists : {pooled, bounds}) {
    const auto first = lists.offsets[17].item<std::int64_t>();
    EXPECT_EQ(lists.offsets[18].item<std::int64_t>(), first + 3);
    EXPECT_EQ(lists.blocks[first + 1].item<std::int32_t>(), 6);
  }
}

INSTANTIATE_TEST_SUITE_P(AllLevels, Selection,
                         ::testing::Values(Isa::portable, Isa::avx2, Isa::avx512),
                         [](const auto& info) { return std::string(name_of(info.param)); });

TEST(Selectors, SlidingWindowEqualsItsDefinition) {
  seed_aten(6);
  for (const AlwaysKept always : {AlwaysKept{.sinks = 0, .window = 0}, AlwaysKept{}}) {
    for_all_shapes([&](const Shape& shape, const Inputs& x, bool causal) {
      expect_selection(SlidingWindow(always), shape, x, causal, kMeanScore,
                       [&](const Definition& row, const Numbers&) { return row.always(always); });
    });
  }
}

TEST(Selectors, KeepAFixedNumberOfBlocks) {
  seed_aten(7);
  for (const std::int64_t blocks : {1, 5, 1'000'000}) {
    const Budget budget{.blocks = blocks, .always = {.sinks = 1, .window = 1}};
    for_all_shapes([&](const Shape& shape, const Inputs& x, bool causal) {
      expect_selection(PooledTopK(budget), shape, x, causal, kMeanScore, top_k(budget));
    });
  }
}

TEST(Selectors, KeepEverythingVisibleWhenAskedTo) {
  seed_aten(8);
  for_all_shapes([&](const Shape& shape, const Inputs& x, bool causal) {
    const AttentionOptions options{.causal = causal};
    const PooledTopK pooled({.keep = 1});
    const QuestBounds bounds({.keep = 1});
    const Threshold threshold(1);
    const SlidingWindow window({.window = std::numeric_limits<std::int64_t>::max()});
    for (const Selector* selector :
         {static_cast<const Selector*>(&pooled), static_cast<const Selector*>(&bounds),
          static_cast<const Selector*>(&threshold), static_cast<const Selector*>(&window)}) {
      EXPECT_EQ(kept_fraction(selector->select(x.query, x.key, options), shape.queries, shape.keys,
                              causal),
                1.0);
    }
  });
}

TEST(Selectors, KeepTheShareAskedForWithinOneBlockARow) {
  seed_aten(9);
  const Shape shape{.queries = 3000, .keys = 3000};
  const Inputs x = inputs_of(shape);
  for (const bool causal : {true, false}) {
    const double pairs = causal ? 3000.0 * 3001 / 2 : 3000.0 * 3000;
    for (const double keep : {0.1, 0.3, 0.62, 0.97}) {
      const PooledTopK selector({.keep = keep, .always = {.sinks = 1, .window = 1}});
      const BlockLists lists = selector.select(x.query, x.key, {.causal = causal});
      EXPECT_LE(std::abs(kept_fraction(lists, 3000, 3000, causal) - keep), 64.0 * 3000 / pairs)
          << "keep " << keep << ", causal " << causal;
    }
  }
}

TEST(Selectors, TakeTheFirstOfEqualBlocks) {
  const at::Tensor same = at::ones({1, 1, 640, 8});
  const PooledTopK selector({.blocks = 4, .always = {.sinks = 0, .window = 0}});
  const BlockLists lists = selector.select(same, same);
  const auto first = lists.offsets[9].item<std::int64_t>();
  ASSERT_EQ(lists.blocks.size(0), first + 4);
  for (const std::int64_t i : {0, 1, 2}) EXPECT_EQ(lists.blocks[first + i].item<int>(), i);
  EXPECT_EQ(lists.blocks[first + 3].item<int>(), 9);
}

TEST(Selectors, KeepBlocksWithWhatIsNoNumber) {
  seed_aten(10);
  Inputs x = inputs_of({.queries = 640, .keys = 640});
  x.key[0][0][200][3] = std::numeric_limits<float>::quiet_NaN();
  const BlockLists lists =
      PooledTopK({.blocks = 2, .always = {.sinks = 0, .window = 0}}).select(x.query, x.key);
  EXPECT_EQ(lists.blocks[lists.offsets[9].item<std::int64_t>()].item<int>(), 200 / 64);
  const BlockLists all = Threshold(0.1).select(x.query, x.key);
  EXPECT_EQ(all.offsets[10].item<std::int64_t>() - all.offsets[9].item<std::int64_t>(), 10);
}

TEST(Selectors, ChooseTheSameForAnyStridesAndThreads) {
  seed_aten(11);
  const Inputs x = inputs_of({.batch = 2, .heads = 2, .kv_heads = 2, .queries = 900, .keys = 900});
  const auto as_model = [](const at::Tensor& t) {
    return t.transpose(1, 2).contiguous().transpose(1, 2);
  };
  const auto by_columns = [](const at::Tensor& t) {
    return t.transpose(2, 3).contiguous().transpose(2, 3);
  };
  const QuestBounds selector({.keep = 0.3});
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const BlockLists one = selector.select(x.query, x.key);
  at::set_num_threads(2);
  const BlockLists two = selector.select(as_model(x.query), by_columns(x.key));
  at::set_num_threads(threads);
  EXPECT_TRUE(at::equal(one.offsets, two.offsets));
  EXPECT_TRUE(at::equal(one.blocks, two.blocks));
}

TEST(Selectors, CountTheirOperations) {
  // 3 blocks of queries, the last of 2 rows, see 1, 2 and 3 blocks of keys in each of 2 heads.
  const auto meta = at::TensorOptions(at::kMeta);
  const at::Tensor query = at::zeros({1, 2, 130, 16}, meta);
  const at::Tensor key = at::zeros({1, 1, 130, 16}, meta);
  const double scores = 2 * 6 * 2 * 16;
  EXPECT_EQ(PooledTopK({}).flops(query, key), 3 * 130 * 16 + scores);
  EXPECT_EQ(Threshold(0.5).flops(query, key), 3 * 130 * 16 + scores);
  EXPECT_EQ(QuestBounds({}).flops(query, key), 4 * 130 * 16 + 2 * scores);
  EXPECT_EQ(SlidingWindow({}).flops(query, key), 0);
}

TEST(Selectors, CostLittleBesideDenseAttention) {
  const auto meta = at::TensorOptions(at::kMeta);
  for (const std::int64_t tokens : {1024, 16'384, 65'536}) {
    const at::Tensor x = at::zeros({1, 1, tokens, 128}, meta);
    const double dense = 4.0 * 128 * static_cast<double>(tokens * (tokens + 1) / 2);
    EXPECT_LE(PooledTopK({}).flops(x, x), 0.02 * dense) << tokens;
    EXPECT_LE(QuestBounds({}).flops(x, x), 0.02 * dense) << tokens;
  }
}

TEST(Selectors, RefuseOptionsOutOfRange) {
  for (const double share : {0.0, -0.1, 1.0001, std::nan("")}) {
    EXPECT_THROW(PooledTopK({.keep = share}), InvalidArgument) << share;
    EXPECT_THROW(QuestBounds({.keep = share}), InvalidArgument) << share;
    EXPECT_THROW(Threshold{share}, InvalidArgument) << share;
  }
  EXPECT_THROW(PooledTopK({.blocks = 0}), InvalidArgument);
  EXPECT_THROW(PooledTopK({.always = {.sinks = -1}}), InvalidArgument);
  EXPECT_THROW(QuestBounds({.always = {.window = -1}}), InvalidArgument);
  EXPECT_THROW(SlidingWindow({.window = -1}), InvalidArgument);
  EXPECT_THROW(Threshold(0.5, {.sinks = -1}), InvalidArgument);
  try {
    PooledTopK({.keep = 1.5});
    FAIL();
  } catch (const InvalidArgument& error) {
    EXPECT_STREQ(error.what(), "selector: expected keep above 0 and up to 1, got 1.5");
  }
}

TEST(Selectors, RefuseInputsThatAttentionDoesNotTake) {
  const PooledTopK selector({});
  const at::Tensor x = at::zeros({1, 2, 70, 8});
  EXPECT_THROW(selector.select({}, x), InvalidArgument);
  EXPECT_THROW(selector.select(x, x.to(at::kDouble)), InvalidArgument);
  EXPECT_THROW(selector.select(x, at::zeros({1, 3, 70, 8})), InvalidArgument);
  EXPECT_THROW(selector.select(x, at::zeros({1, 2, 70, 9})), InvalidArgument);
  EXPECT_THROW(SlidingWindow({}).select(x[0], x[0]), InvalidArgument);
  EXPECT_THROW(Threshold(0.5).select(x, x, {.scale = -1}), InvalidArgument);
}

TEST(Selectors, TakeEmptyInputs) {
  const at::Tensor none = at::zeros({1, 2, 0, 8});
  const at::Tensor some = at::zeros({1, 2, 70, 8});
  for (const bool causal : {true, false}) {
    EXPECT_EQ(PooledTopK({}).select(none, some, {.causal = causal}).blocks.size(0), 0);
    EXPECT_EQ(Threshold(1).select(some, none, {.causal = causal}).offsets.size(0), 5);
    EXPECT_EQ(QuestBounds({}).select(some, none, {.causal = causal}).blocks.size(0), 0);
  }
}

TEST(KeptFraction, CountsPairs) {
  // The diagonal blocks of 130 tokens: 64 * 65 / 2 pairs twice, and 3.
  const BlockLists lists = SlidingWindow({.sinks = 0, .window = 0})
                               .select(at::zeros({1, 2, 130, 8}), at::zeros({1, 1, 130, 8}));
  EXPECT_DOUBLE_EQ(kept_fraction(lists, 130, 130, true), (2 * 2080.0 + 3) / (130 * 131 / 2));
  EXPECT_DOUBLE_EQ(kept_fraction(lists, 130, 130, false), (2 * 4096.0 + 4) / (130 * 130));
  EXPECT_THROW(kept_fraction(lists, 1000, 130, true), InvalidArgument);
  EXPECT_THROW(kept_fraction({}, 130, 130, true), InvalidArgument);
  EXPECT_THROW(kept_fraction(lists, 130, 70, true), InvalidArgument);
}

}  // namespace
}  // namespace hadal::dao
