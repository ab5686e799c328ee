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
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace hadal::dao {
namespace {

TEST(Selectors, FindTheBlockThatAnswers) {
  seed_aten(5);
  const Shape shape{.queries = 1280, .keys = 1280, .head_dim = 32};
  SelectionInputs x = inputs_of(shape);
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
  for_all_shapes([&](const Shape& shape, const SelectionInputs& x, bool causal) {
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
  const SelectionInputs x = inputs_of(shape);
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
  SelectionInputs x = inputs_of({.queries = 640, .keys = 640});
  x.key[0][0][200][3] = std::numeric_limits<float>::quiet_NaN();
  const BlockLists lists =
      PooledTopK({.blocks = 2, .always = {.sinks = 0, .window = 0}}).select(x.query, x.key);
  EXPECT_EQ(lists.blocks[lists.offsets[9].item<std::int64_t>()].item<int>(), 200 / 64);
  const BlockLists all = Threshold(0.1).select(x.query, x.key);
  EXPECT_EQ(all.offsets[10].item<std::int64_t>() - all.offsets[9].item<std::int64_t>(), 10);
}

TEST(Selectors, ChooseTheSameForAnyStridesAndThreads) {
  seed_aten(11);
  const SelectionInputs x =
      inputs_of({.batch = 2, .heads = 2, .kv_heads = 2, .queries = 900, .keys = 900});
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

/// Keys of which some are padding: the first 100 of one entry, and the last of the other.
at::Tensor some_real(std::int64_t keys) {
  at::Tensor real = at::ones({2, keys}, at::kBool);
  real[0].slice(0, 0, 100).fill_(false);
  real[1].slice(0, keys - 150).fill_(false);
  return real;
}

TEST(Selectors, IgnoreMaskedKeys) {
  seed_aten(12);
  const Shape shape{.batch = 2, .heads = 4, .kv_heads = 2, .queries = 900, .keys = 900};
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    SelectionInputs x = inputs_of(shape, type);
    const at::Tensor real = some_real(900);
    const AttentionOptions options{.key_mask = real};
    const PooledTopK pooled({.keep = 0.4});
    const QuestBounds bounds({.keep = 0.4});
    const Threshold threshold(0.8);
    const SlidingWindow window({});
    for (const Selector* selector :
         {static_cast<const Selector*>(&pooled), static_cast<const Selector*>(&bounds),
          static_cast<const Selector*>(&threshold), static_cast<const Selector*>(&window)}) {
      const BlockLists before = selector->select(x.query, x.key, options);
      const at::Tensor garbage = x.key.masked_fill(~real.unsqueeze(1).unsqueeze(3),
                                                   std::numeric_limits<float>::quiet_NaN());
      const BlockLists after = selector->select(x.query, garbage, options);
      EXPECT_TRUE(at::equal(before.offsets, after.offsets));
      EXPECT_TRUE(at::equal(before.blocks, after.blocks));
      // Rows of the first entry never keep block 0, of which no key is real, though it is a sink;
      // those of the second none from block 12 on, where the real keys end (750).
      const std::int64_t half = before.offsets[4 * 15].item<std::int64_t>();
      EXPECT_GE(before.blocks.slice(0, 0, half).min().item<int>(), 1);
      EXPECT_LE(before.blocks.slice(0, half).max().item<int>(), 11);
    }
  }
}

TEST(Selectors, KeepTheShareOfRealPairs) {
  seed_aten(14);
  const Shape shape{.batch = 2, .heads = 2, .queries = 3000, .keys = 3000, .head_dim = 16};
  const SelectionInputs x = inputs_of(shape);
  const at::Tensor real = at::rand({2, 3000}).lt(0.5);
  for (const double keep : {0.1, 0.3, 0.7}) {
    const PooledTopK selector({.keep = keep, .always = {.sinks = 0, .window = 0}});
    const BlockLists lists = selector.select(x.query, x.key, {.key_mask = real});
    EXPECT_NEAR(kept_fraction(lists, 3000, 3000, true, real), keep, 0.02);
  }
}

TEST(Selectors, KeepWhatTheSigmoidExceeds) {
  seed_aten(15);
  const SelectionInputs x = inputs_of({.queries = 640, .keys = 640, .head_dim = 16});
  const auto scorer = std::make_shared<const MeanScorer>();
  const AlwaysKept none{.sinks = 0, .window = 0};
  const BlockLists lists = SigmoidThreshold(scorer, 0.505, none).select(x.query, x.key);
  const auto means = [](const at::Tensor& t) { return t[0][0].unflatten(0, {10, 64}).mean(1); };
  const at::Tensor scores = means(x.query).matmul(means(x.key).t()) / 4;
  at::Tensor expected = scores.sigmoid().gt(0.505).tril();
  expected.fill_diagonal_(true);
  EXPECT_TRUE(at::equal(lists.blocks, block_lists(expected.unsqueeze(0).unsqueeze(0)).blocks));
  for (const double probability : {0.0, 1.0, -1.0, std::nan("")}) {
    EXPECT_THROW(SigmoidThreshold(scorer, probability), InvalidArgument);
  }
  EXPECT_THROW(SigmoidThreshold(nullptr, 0.5), InvalidArgument);
}

TEST(KeptFraction, CountsRealPairsOfEachEntry) {
  // Entry 0 has the second block's keys only, entry 1 all 128; the first block is kept.
  const at::Tensor real = at::ones({2, 128}, at::kBool);
  real[0].slice(0, 0, 64).fill_(false);
  at::Tensor mask = at::zeros({2, 1, 2, 2}, at::kBool);
  mask.select(3, 0).fill_(true);
  EXPECT_DOUBLE_EQ(kept_fraction(block_lists(mask), 128, 128, false, real),
                   64.0 * 128 / (64 * 128 + 128 * 128));
  EXPECT_THROW(kept_fraction(block_lists(mask), 128, 128, false, at::ones({2, 127}, at::kBool)),
               InvalidArgument);
  EXPECT_THROW(kept_fraction(block_lists(mask), 128, 128, false, at::ones({3, 128}, at::kBool)),
               InvalidArgument);
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
