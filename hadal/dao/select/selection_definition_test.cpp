#include "hadal/core/isa.h"
#include "hadal/core/random.h"
#include "hadal/dao/select/selector.h"
#include "hadal/dao/select/test_support.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace hadal::dao {
namespace {

using Set = std::set<std::int64_t>;

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

void expect_selection(const Selector& selector, const Shape& s, const SelectionInputs& x,
                      bool causal, const Score& score, const Expected& expected) {
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
TEST_P(Selection, PooledTopKEqualsItsDefinition) {
  for (const double keep : {1e-6, 0.3, 0.55, 1.0}) {
    const Budget budget{.keep = keep, .always = {.sinks = 1, .window = 1}};
    for_all_shapes([&](const Shape& shape, const SelectionInputs& x, bool causal) {
      expect_selection(PooledTopK(budget), shape, x, causal, kMeanScore, top_k(budget));
    });
  }
}

TEST_P(Selection, QuestBoundsEqualsItsDefinition) {
  const Budget budget{.keep = 0.4, .always = {.sinks = 2, .window = 0}};
  for_all_shapes([&](const Shape& shape, const SelectionInputs& x, bool causal) {
    expect_selection(QuestBounds(budget), shape, x, causal, kBoundScore, top_k(budget));
  });
}

TEST_P(Selection, ThresholdEqualsItsDefinition) {
  const AlwaysKept always{.sinks = 0, .window = 0};
  for_all_shapes([&](const Shape& shape, const SelectionInputs& x, bool causal) {
    expect_selection(Threshold(0.6, always), shape, x, causal, kMeanScore, up_to_mass(0.6, always));
  });
}

INSTANTIATE_TEST_SUITE_P(AllLevels, Selection,
                         ::testing::Values(Isa::portable, Isa::avx2, Isa::avx512),
                         [](const auto& info) { return std::string(name_of(info.param)); });

TEST(Selections, SlidingWindowEqualsItsDefinition) {
  seed_aten(6);
  for (const AlwaysKept always : {AlwaysKept{.sinks = 0, .window = 0}, AlwaysKept{}}) {
    for_all_shapes([&](const Shape& shape, const SelectionInputs& x, bool causal) {
      expect_selection(SlidingWindow(always), shape, x, causal, kMeanScore,
                       [&](const Definition& row, const Numbers&) { return row.always(always); });
    });
  }
}

TEST(Selections, KeepAFixedNumberOfBlocks) {
  seed_aten(7);
  for (const std::int64_t blocks : {1, 5, 1'000'000}) {
    const Budget budget{.blocks = blocks, .always = {.sinks = 1, .window = 1}};
    for_all_shapes([&](const Shape& shape, const SelectionInputs& x, bool causal) {
      expect_selection(PooledTopK(budget), shape, x, causal, kMeanScore, top_k(budget));
    });
  }
}

}  // namespace
}  // namespace hadal::dao
