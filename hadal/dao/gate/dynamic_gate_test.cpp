#include "hadal/dao/gate/dynamic_gate.h"

#include "hadal/core/error.h"
#include "hadal/core/random.h"
#include "hadal/dao/select/selector.h"

#include <limits>

#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace hadal::dao {
namespace {

constexpr GateOptions kOptions{.heads = 4, .kv_heads = 2, .head_dim = 24, .rank = 16};

DynamicGate random_gate(const GateOptions& options, std::uint64_t seed) {
  seed_aten(seed);
  DynamicGate gate(options);
  for (at::Tensor& parameter : gate->parameters()) {
    parameter.detach().copy_(at::randn(parameter.sizes()) * 0.3);
  }
  return gate;
}

at::Tensor parameter(DynamicGate& gate, const std::string& name) {
  return gate->named_parameters()[name].detach().to(at::kDouble);
}

/// The documented formula for head `head` of entry `entry` and one pair of blocks, in fp64.
double logit(DynamicGate& gate, const at::Tensor& query, const at::Tensor& key, double scale,
             std::int64_t entry, std::int64_t head, std::int64_t i, std::int64_t j) {
  const std::int64_t group = head / (gate->options().heads / gate->options().kv_heads);
  const auto block = [](const at::Tensor& x, std::int64_t index) {
    return x.slice(0, index * 64, std::min<std::int64_t>(x.size(0), index * 64 + 64))
        .to(at::kDouble);
  };
  const at::Tensor q = block(query[entry][head], i).mean(0) * scale;
  const at::Tensor keys = block(key[entry][group], j);
  at::Tensor product = parameter(gate, "key.bias")[group].clone();
  const at::Tensor weight = parameter(gate, "key.weight")[group];
  product += weight.slice(1, 0, 24).mv(keys.mean(0));
  product += weight.slice(1, 24, 48).mv(std::get<0>(keys.max(0)));
  product += weight.slice(1, 48, 72).mv(std::get<0>(keys.min(0)));
  const at::Tensor projected =
      parameter(gate, "query.weight")[head].mv(q) + parameter(gate, "query.bias")[head];
  return projected.dot(product).item<double>();
}

TEST(DynamicGate, EqualsItsFormula) {
  DynamicGate gate = random_gate(kOptions, 1);
  const at::Tensor query = at::randn({2, 4, 150, 24});
  const at::Tensor key = at::randn({2, 2, 200, 24});
  const double scale = 0.3;
  const at::Tensor logits = gate->logits({pooled_queries(query, scale), pooled_keys(key)});
  ASSERT_EQ(logits.sizes(), at::IntArrayRef({2, 4, 3, 4}));
  const GateScorer scorer(*gate);
  const at::Tensor q = scorer.query_features(query, scale);
  const at::Tensor k = scorer.key_features(key);
  ASSERT_EQ(q.sizes(), at::IntArrayRef({8, 3, 16}));
  ASSERT_EQ(k.sizes(), at::IntArrayRef({4, 4, 16}));
  for (std::int64_t n = 0; n < logits.numel(); ++n) {
    const auto j = n % 4, i = n / 4 % 3, head = n / 12 % 4, entry = n / 48;
    const double expected = logit(gate, query, key, scale, entry, head, i, j);
    EXPECT_NEAR(logits.flatten()[n].item<double>(), expected, 1e-4);
    EXPECT_NEAR(q[entry * 4 + head][i].dot(k[entry * 2 + head / 2][j]).item<double>(), expected,
                1e-4);
  }
  EXPECT_TRUE(at::allclose(gate->forward({pooled_queries(query, scale), pooled_keys(key)}),
                           1 / (1 + (-logits).exp())));
}

TEST(DynamicGate, StartsAsTheProductOfMeansWhereTheRankAllows) {
  seed_aten(2);
  DynamicGate gate(GateOptions{.heads = 4, .kv_heads = 2, .head_dim = 24, .rank = 32});
  const at::Tensor query = at::randn({1, 4, 300, 24});
  const at::Tensor key = at::randn({1, 2, 300, 24});
  const Budget budget{.blocks = 2, .always = {.sinks = 0, .window = 0}};
  const BlockLists means = PooledTopK(budget).select(query, key);
  const BlockLists learned =
      TopK(std::make_shared<const GateScorer>(*gate), budget).select(query, key);
  EXPECT_TRUE(at::equal(means.blocks, learned.blocks));
}

TEST(DynamicGate, PassesGradientsToAllParameters) {
  DynamicGate gate = random_gate(kOptions, 3);
  const PooledBlocks blocks{pooled_queries(at::randn({1, 4, 130, 24}), 1),
                            pooled_keys(at::randn({1, 2, 130, 24}))};
  gate->forward(blocks).sum().backward();
  EXPECT_EQ(gate->parameters().size(), 4U);
  for (const auto& item : gate->named_parameters()) {
    ASSERT_TRUE(item.value().grad().defined()) << item.key();
    // Of every head: none is left out.
    EXPECT_TRUE(item.value().grad().flatten(1).abs().amax(1).gt(0).all().item<bool>())
        << item.key();
  }
}

TEST(DynamicGate, RefusesSizesOutOfRange) {
  const auto refuses = [](const GateOptions& options) {
    EXPECT_THROW(DynamicGate{options}, InvalidArgument);
  };
  refuses({});
  refuses({.heads = 4, .kv_heads = 3, .head_dim = 8});
  refuses({.heads = 4, .kv_heads = 0, .head_dim = 8});
  refuses({.heads = 4, .kv_heads = 4, .head_dim = 257});
  refuses({.heads = 1'000'000'000'000, .kv_heads = 1, .head_dim = 8});
  refuses({.heads = 4, .kv_heads = 4, .head_dim = 8, .rank = 24});
  refuses({.heads = 4, .kv_heads = 4, .head_dim = 8, .rank = 0});
}

TEST(GateScorer, RefusesAnotherLayersInput) {
  const GateScorer scorer(*random_gate(kOptions, 4));
  EXPECT_THROW(scorer.query_features(at::zeros({1, 2, 64, 24}), 1), InvalidArgument);
  EXPECT_THROW(scorer.key_features(at::zeros({1, 2, 64, 8})), InvalidArgument);
  EXPECT_THROW(scorer.key_features(at::Tensor()), InvalidArgument);
  EXPECT_THROW(scorer.features(8), InvalidArgument);
  EXPECT_EQ(scorer.features(24), 16);
}

TEST(GateScorer, KeepsItsOwnCopyWithoutGradients) {
  DynamicGate gate = random_gate(kOptions, 5);
  const GateScorer scorer(*gate);
  const at::Tensor key = at::randn({1, 2, 130, 24});
  const at::Tensor before = scorer.key_features(key);
  EXPECT_FALSE(before.requires_grad());
  for (at::Tensor& parameter : gate->parameters()) parameter.detach().zero_();
  EXPECT_TRUE(at::equal(scorer.key_features(key), before));
}

TEST(GateScorer, ServesEverySelectorAndEmptyInputs) {
  const auto scorer = std::make_shared<const GateScorer>(*random_gate(kOptions, 6));
  const at::Tensor none = at::zeros({1, 4, 0, 24});
  const at::Tensor key = at::randn({1, 2, 0, 24});
  const TopK top(scorer, {});
  const Threshold threshold(scorer, 0.5);
  const SigmoidThreshold sigmoid(scorer, 0.5);
  for (const Selector* selector :
       {static_cast<const Selector*>(&top), static_cast<const Selector*>(&threshold),
        static_cast<const Selector*>(&sigmoid)}) {
    EXPECT_EQ(selector->select(none, key).blocks.size(0), 0);
    const at::Tensor query = at::randn({1, 4, 70, 24}).to(at::kBFloat16);
    EXPECT_GT(selector->select(query, query.narrow(1, 0, 2)).blocks.size(0), 0);
  }
}

TEST(GateScorer, CostsLittleBesideDenseAttention) {
  const auto meta = at::TensorOptions(at::kMeta);
  for (const std::int64_t head_dim : {32, 64, 128, 256}) {
    for (const std::int64_t kv_heads : {1, 8}) {
      const GateOptions options{.heads = 8, .kv_heads = kv_heads, .head_dim = head_dim, .rank = 64};
      const TopK selector(std::make_shared<const GateScorer>(*DynamicGate(options)), {});
      for (const std::int64_t tokens : {1024, 4096, 16'384, 65'536}) {
        const at::Tensor query = at::zeros({1, 8, tokens, head_dim}, meta);
        const at::Tensor key = at::zeros({1, kv_heads, tokens, head_dim}, meta);
        const double pairs = 8.0 * static_cast<double>(tokens * (tokens + 1) / 2);
        EXPECT_LE(selector.flops(query, key), 0.02 * 4 * static_cast<double>(head_dim) * pairs)
            << tokens << " tokens, head_dim " << head_dim;
      }
    }
  }
}

TEST(GateScorer, CountsItsOperations) {
  const GateScorer scorer(*random_gate(kOptions, 7));
  const auto meta = at::TensorOptions(at::kMeta);
  const at::Tensor query = at::zeros({1, 4, 130, 24}, meta);
  const at::Tensor key = at::zeros({1, 2, 130, 24}, meta);
  // Pooling; 12 blocks of queries and 6 of keys through layers with a bias; 10 scores.
  const double expected = 4 * 130 * 24 + 3 * 2 * 130 * 24 + 12 * 16 * (2 * 24 + 1) +
                          6 * 16 * (2 * 72 + 1) + 10 * 2 * 16;
  EXPECT_EQ(scorer.flops(query, key, 10), expected);
}

}  // namespace
}  // namespace hadal::dao
