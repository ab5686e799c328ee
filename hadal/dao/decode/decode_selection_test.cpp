#include "hadal/core/error.h"
#include "hadal/dao/attention.h"
#include "hadal/dao/decode/decode.h"
#include "hadal/dao/decode/plan.h"
#include "hadal/dao/decode/test_support.h"
#include "hadal/dao/gate/dynamic_gate.h"
#include "hadal/dao/select/kept.h"

#include <numeric>

#include <ATen/ops/ones.h>
#include <gtest/gtest.h>

namespace hadal::dao {
namespace {

struct SelectionCase {
  std::int64_t heads, kv_heads, queries, tokens;
};

constexpr SelectionCase kCases[] = {{2, 2, 1, 1000},  {1, 1, 1, 64},    {1, 1, 1, 65},
                                    {3, 3, 70, 1001}, {2, 2, 128, 640}, {2, 2, 30, 700}};

struct One {
  One(const SelectionCase& shape, std::shared_ptr<const BlockScorer> scorer, at::ScalarType type)
      : model({.pages = 20,
               .kv_heads = shape.kv_heads,
               .head_dim = 40,
               .type = type,
               .scorer = std::move(scorer)}) {
    scatter_pages(model);
    id = model.add();
    for (std::int64_t left = shape.tokens; left > 0;) {
      const std::int64_t count = std::min<std::int64_t>(left, 100);
      model.append({id}, count);
      left -= count;
    }
    query = at::randn({1, shape.heads, shape.queries, 40}).to(type);
  }

  const PlainSequence& plain() const { return model.plain.at(id); }
  at::Tensor key() const { return plain().key.unsqueeze(0); }
  at::Tensor value() const { return plain().value.unsqueeze(0); }

  ModelledCache model;
  PagedKvCache::Sequence id = 0;
  at::Tensor query;
};

class DecodeSelection : public ::testing::Test {
 protected:
  void SetUp() override { seed_aten(23); }
};

/// The groups that decode() makes of the case.
std::vector<Group> groups_of(const One& one, const Budget& budget) {
  const CacheState& state = one.model.cache.state();
  const DecodeShape shape{
      state, {&state.at(one.id)}, one.query.size(1), one.query.size(2), state.at(one.id).length};
  const double scale = 1 / std::sqrt(40.0);
  const BlockScorer& scorer = *state.options.scorer;
  return plan(shape, budget, {scorer.query_features(one.query, scale), scorer.scoring()});
}

TEST_F(DecodeSelection, IsTopKsWhereHeadsDoNotShareKeys) {
  const std::shared_ptr<const BlockScorer> scorers[] = {std::make_shared<MeanScorer>(),
                                                        std::make_shared<BoundsScorer>()};
  const Budget budgets[] = {{.keep = 0.3},
                            {.keep = 0.5, .always = {.sinks = 0, .window = 0}},
                            {.blocks = 7, .always = {.sinks = 1, .window = 1}},
                            {.keep = 1}};
  for (const SelectionCase& shape : kCases) {
    for (const auto& scorer : scorers) {
      for (const Budget& budget : budgets) {
        for (const auto type : {at::kFloat, at::kBFloat16, at::kHalf}) {
          SCOPED_TRACE(concat(shape.queries, " of ", shape.tokens, " tokens, ", type));
          const One one(shape, scorer, type);
          const BlockLists lists = TopK(scorer, budget).select(one.query, one.key());
          std::vector<std::int32_t> expected(
              lists.blocks.const_data_ptr<std::int32_t>(),
              lists.blocks.const_data_ptr<std::int32_t>() + lists.blocks.numel());
          std::vector<std::int32_t> got;
          for (const Group& group : groups_of(one, budget)) {
            got.insert(got.end(), group.blocks->begin(), group.blocks->end());
          }
          EXPECT_EQ(got, expected);
          const DecodeResult result =
              decode(one.query, one.model.cache, Ids{one.id}, {.budget = budget});
          EXPECT_DOUBLE_EQ(result.kept, kept_fraction(lists, shape.queries, shape.tokens, true));
          const AttentionResult same = attention_forward(one.query, one.key(), one.value(), lists);
          EXPECT_LE(error_of(result.output, same.output.to(at::kDouble)),
                    type == at::kFloat ? 1e-6 : 2e-2);
        }
      }
    }
  }
}

TEST_F(DecodeSelection, IsTopKsByAGateWhereAQueryDecodes) {
  const DynamicGate gate(GateOptions{.heads = 2, .kv_heads = 2, .head_dim = 40});
  const auto scorer = std::make_shared<const GateScorer>(*gate);
  const Budget budget{.keep = 0.3, .always = {.sinks = 1, .window = 1}};
  for (const std::int64_t tokens : {64, 1000, 1024}) {
    const One one({2, 2, 1, tokens}, scorer, at::kFloat);
    const BlockLists lists = TopK(scorer, budget).select(one.query, one.key());
    const DecodeResult got = decode(one.query, one.model.cache, Ids{one.id}, {.budget = budget});
    const AttentionResult expected = attention_forward(one.query, one.key(), one.value(), lists);
    EXPECT_LE(error_of(got.output, expected.output.to(at::kDouble)), 1e-6);
    // Several queries choose together, each by its shares of the pages that are full.
    const at::Tensor chunk = at::randn({1, 2, std::min<std::int64_t>(tokens, 40), 40});
    EXPECT_LT(decode(chunk, one.model.cache, Ids{one.id}, {.budget = budget}).kept,
              tokens == 64 ? 1.1 : 0.5);
  }
}

/// The blocks, ascending, of the largest sums of shares and those that are always kept.
std::vector<std::int32_t> expected_blocks(const One& one, std::int64_t kv_head,
                                          const Budget& budget) {
  const std::int64_t group = one.query.size(1) / one.plain().key.size(0);
  const std::int64_t full = one.plain().key.size(1) / kBlockSize;
  const at::Tensor means = one.plain()
                               .key[kv_head]
                               .narrow(0, 0, full * kBlockSize)
                               .to(at::kDouble)
                               .view({full, kBlockSize, 40})
                               .mean(1);
  const at::Tensor query =
      one.query[0].narrow(0, kv_head * group, group).select(1, 0).to(at::kDouble);
  const at::Tensor shares =
      (at::matmul(query, means.t()) / std::sqrt(40.0)).softmax(1).sum(0).contiguous();
  const std::int64_t last = blocks_of(one.plain().key.size(1)) - 1;
  std::vector<std::int32_t> kept, others;
  for (std::int32_t block = 0; block <= last; ++block) {
    const bool always = block < budget.always.sinks || last - block <= budget.always.window;
    (always ? kept : others).push_back(block);
  }
  std::stable_sort(others.begin(), others.end(), [&](auto a, auto b) {
    return shares.const_data_ptr<double>()[a] > shares.const_data_ptr<double>()[b];
  });
  const auto more =
      static_cast<std::ptrdiff_t>(*budget.blocks) - static_cast<std::ptrdiff_t>(kept.size());
  kept.insert(kept.end(), others.begin(), others.begin() + more);
  std::sort(kept.begin(), kept.end());
  return kept;
}

TEST_F(DecodeSelection, IsByTheSumOfSharesWhereHeadsShareKeys) {
  const Budget budget{.blocks = 6, .always = {.sinks = 1, .window = 1}};
  for (const std::int64_t tokens : {960, 1000}) {
    One one({8, 2, 1, tokens}, std::make_shared<MeanScorer>(), at::kFloat);
    one.query *= 3;
    const auto groups = groups_of(one, budget);
    ASSERT_EQ(groups.size(), 2U);
    at::Tensor mask = at::zeros({8, blocks_of(tokens)}, at::kBool);
    for (std::int64_t kv_head = 0; kv_head < 2; ++kv_head) {
      const auto expected = expected_blocks(one, kv_head, budget);
      EXPECT_EQ(*groups[static_cast<std::size_t>(kv_head)].blocks, expected);
      for (const auto block : expected) mask.narrow(0, kv_head * 4, 4).select(1, block).fill_(true);
    }
    const DecodeResult result = decode(one.query, one.model.cache, Ids{one.id}, {.budget = budget});
    Errors().add(result.output[0], result.log_sum_exp[0], one.query[0], one.plain(), mask);
  }
}

TEST_F(DecodeSelection, KeepsPagesWithWhatIsNoNumber) {
  const Budget budget{.blocks = 2, .always = {.sinks = 0, .window = 0}};
  for (const std::int64_t heads : {1, 3}) {
    One one({heads, 1, 1, 640}, std::make_shared<MeanScorer>(), at::kFloat);
    one.model.free(one.id);
    one.id = one.model.add();
    at::Tensor key = one.model.tokens(640);
    key[0][0][200][3] = std::nan("");
    one.model.append({one.id}, key, one.model.tokens(640));
    EXPECT_EQ(*groups_of(one, budget)[0].blocks, (std::vector<std::int32_t>{3, 9}));
  }
}

TEST_F(DecodeSelection, CountsItsOperations) {
  // 10 pages, the last with 60 tokens; 4 blocks are kept for each of 2 groups of 3 heads.
  const One one({6, 2, 1, 636}, std::make_shared<MeanScorer>(), at::kFloat);
  const DecodeOptions options{.budget = Budget{.blocks = 4, .always = {.sinks = 1, .window = 1}}};
  const double pooled = 6 * 40 + 2.0 * 40 * 6 * 9;
  EXPECT_EQ(decode_flops(one.query, one.model.cache, Ids{one.id}, options),
            4.0 * 40 * 6 * 4 * 64 + pooled);
  EXPECT_EQ(decode_flops(one.query, one.model.cache, Ids{one.id}), 4.0 * 40 * 6 * 10 * 64);
  // The number of pages depends on lengths alone.
  const Budget share{.keep = 0.37};
  std::int64_t blocks = 0;
  for (const Group& group : groups_of(one, share)) blocks += group.count();
  EXPECT_EQ(decode_flops(one.query, one.model.cache, Ids{one.id}, {.budget = share}),
            4.0 * 40 * 3 * 64 * static_cast<double>(blocks) + pooled);
}

}  // namespace
}  // namespace hadal::dao
