#include "hadal/dao/select/selector.h"

#include "hadal/core/error.h"
#include "hadal/core/random.h"
#include "hadal/dao/select/kept.h"
#include "hadal/dao/select/test_support.h"

#include <cmath>
#include <limits>

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace hadal::dao {
namespace {

TEST(Selectors, FindTheBlockThatAnswers) {
  seed_aten(5);
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
  const Shape shape{.queries = 3000, .keys = 3000, .head_dim = 16};
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
