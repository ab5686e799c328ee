#include "hadal/dao/gate/distil.h"

#include "hadal/core/error.h"
#include "hadal/core/random.h"
#include "hadal/dao/attention.h"
#include "hadal/dao/gate/block_attention.h"
#include "hadal/dao/guard/missing_mass.h"
#include "hadal/dao/select/selector.h"

#include <cmath>
#include <limits>

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace hadal::dao {
namespace {

/// The whole matrix of weights in fp64, summed over blocks of keys token by token: the largest sum
/// of the queries of a block, or their mean.
enum class Over { largest, mean };

at::Tensor by_definition(const at::Tensor& query, const at::Tensor& key, bool causal,
                         const at::Tensor& real, Over over = Over::largest) {
  const std::int64_t queries = query.size(2), keys = key.size(2);
  at::Tensor result =
      at::zeros({query.size(0), query.size(1), blocks_of(queries), blocks_of(keys)}, at::kDouble);
  auto to = result.accessor<double, 4>();
  const std::int64_t group = query.size(1) / key.size(1);
  const at::Tensor scores =
      (at::matmul(query.to(at::kDouble),
                  key.to(at::kDouble).repeat_interleave(group, 1).transpose(2, 3)) /
       std::sqrt(static_cast<double>(query.size(3))))
          .contiguous();
  const auto from = scores.accessor<double, 4>();
  for (std::int64_t b = 0; b < query.size(0); ++b) {
    for (std::int64_t h = 0; h < query.size(1); ++h) {
      for (std::int64_t i = 0; i < queries; ++i) {
        const auto sees = [&](std::int64_t j) {
          return (!causal || j <= i + keys - queries) &&
                 (!real.defined() || real[b][j].item<bool>());
        };
        double sum = 0;
        for (std::int64_t j = 0; j < keys; ++j) sum += sees(j) ? std::exp(from[b][h][i][j]) : 0;
        if (sum == 0) continue;
        std::vector<double> shares(static_cast<std::size_t>(blocks_of(keys)));
        for (std::int64_t j = 0; j < keys; ++j) {
          if (sees(j)) shares[static_cast<std::size_t>(j / 64)] += std::exp(from[b][h][i][j]) / sum;
        }
        for (std::int64_t j = 0; j < blocks_of(keys); ++j) {
          double& share = to[b][h][i / 64][j];
          const double own = shares[static_cast<std::size_t>(j)];
          share = over == Over::largest ? std::max(share, own) : share + own / 64;
        }
      }
    }
  }
  return result;
}

TEST(BlockAttention, EqualsItsDefinition) {
  seed_aten(1);
  for (const bool causal : {true, false}) {
    for (const auto& [queries, keys] : {std::pair{150, 150}, {70, 130}, {130, 40}, {1, 1}}) {
      const at::Tensor query = at::randn({2, 4, queries, 16});
      const at::Tensor key = at::randn({2, 2, keys, 16});
      EXPECT_TRUE(at::allclose(block_attention(query, key, {.causal = causal}).to(at::kDouble),
                               by_definition(query, key, causal, {}), 1e-5, 1e-6));
    }
  }
}

TEST(BlockAttention, DoesNotSeeMaskedKeys) {
  seed_aten(2);
  const at::Tensor query = at::randn({2, 2, 150, 16});
  at::Tensor key = at::randn({2, 1, 150, 16});
  at::Tensor real = at::ones({2, 150}, at::kBool);
  real[0].slice(0, 0, 70).fill_(false);
  real[1].slice(0, 100).fill_(false);
  const at::Tensor expected = by_definition(query, key, true, real);
  key.masked_fill_(~real.unsqueeze(1).unsqueeze(3), std::nan(""));
  EXPECT_TRUE(at::allclose(block_attention(query, key, {.key_mask = real}).to(at::kDouble),
                           expected, 1e-5, 1e-6));
}

TEST(BlockAttention, TakesEmptyInputs) {
  const at::Tensor none = at::zeros({1, 2, 0, 8});
  const at::Tensor some = at::zeros({1, 2, 70, 8});
  EXPECT_EQ(block_attention(none, some).sizes(), at::IntArrayRef({1, 2, 0, 2}));
  EXPECT_EQ(block_attention(some, none).sizes(), at::IntArrayRef({1, 2, 2, 0}));
}

/// A task whose relevant blocks are known and whose means mislead: the queries of a block ask for
/// one of 8 topics, and a block of keys answers its topic by one key, which the others outweigh, so
/// that the mean is 0 there. What the means tell is in 16 dimensions that count for little.
struct Task {
  at::Tensor query, key;
};

Task task(std::uint64_t seed, std::int64_t tokens = 1024) {
  seed_aten(seed);
  Random random(seed, "topics");
  const at::Tensor query = at::randn({1, 2, tokens, 32}) * 0.1;
  const at::Tensor key = at::randn({1, 1, tokens, 32}) * 0.1;
  for (std::int64_t block = 0; block < tokens / 64; ++block) {
    const auto rows = [&](const at::Tensor& x) { return x.slice(2, block * 64, block * 64 + 64); };
    const auto topic = static_cast<std::int64_t>(random.below(8));
    rows(query).select(3, topic) += 6;
    rows(key).select(3, topic) -= 12.0 / 63;
    key.select(2, block * 64 + static_cast<std::int64_t>(random.below(64))).select(2, topic) +=
        12 + 12.0 / 63;
    rows(key).slice(3, 16) += at::randn({16}) * 0.6;
    rows(query).slice(3, 16) += at::randn({16}) * 0.6;
  }
  return {query, key};
}

constexpr GateOptions kGate{.heads = 2, .kv_heads = 1, .head_dim = 32};

/// The share of dense attention that the selection keeps.
double recall(const Selector& selector, const Task& task) {
  const auto log_sum_exp = [&](const std::optional<BlockLists>& lists) {
    return attention_forward(task.query, task.key, task.key, lists).log_sum_exp;
  };
  return 1 - missing_mass(log_sum_exp({}), log_sum_exp(selector.select(task.query, task.key)));
}

/// Of as many blocks in each row as `selector` keeps, those with the most attention.
double best_recall(const Selector& selector, const Task& task) {
  const at::Tensor offsets = selector.select(task.query, task.key).offsets;
  const at::Tensor attention =
      by_definition(task.query, task.key, /*causal=*/true, {}, Over::mean).flatten(0, 2);
  const at::Tensor sorted = std::get<0>(attention.sort(/*dim=*/1, /*descending=*/true));
  double sum = 0;
  for (std::int64_t row = 0; row < sorted.size(0); ++row) {
    const auto count = (offsets[row + 1] - offsets[row]).item<std::int64_t>();
    sum += sorted[row].slice(0, 0, count).sum().item<double>();
  }
  return sum / static_cast<double>(sorted.size(0));
}

std::vector<GateExample> examples(std::int64_t count) {
  std::vector<GateExample> result;
  for (std::int64_t i = 0; i < count; ++i) {
    const Task x = task(static_cast<std::uint64_t>(100 + i));
    result.push_back(gate_example(x.query, x.key));
  }
  return result;
}

/// With one thread: two would wait for one another in the steps, which are small.
class Distil : public ::testing::Test {
 protected:
  void SetUp() override { at::set_num_threads(1); }
  void TearDown() override { at::set_num_threads(threads_); }

 private:
  int threads_ = at::get_num_threads();
};

TEST_F(Distil, FindsTheBlocksThatMeansMiss) {
  seed_aten(3);
  DynamicGate gate(kGate);
  const Budget budget{.keep = 0.2, .always = {.sinks = 0, .window = 0}};
  const Task held_out = task(7);
  const DistilResult result = distil(*gate, examples(24), {.epochs = 20, .keep = 0.2});
  const double trained = recall(TopK(std::make_shared<GateScorer>(*gate), budget), held_out);
  const double means = recall(PooledTopK(budget), held_out);
  const double best = best_recall(PooledTopK(budget), held_out);
  EXPECT_GT(trained, means + 0.5 * (best - means));
  ASSERT_EQ(result.losses.size(), 480U);
  ASSERT_EQ(result.recalls.size(), 480U);
  EXPECT_LT(result.losses.back(), 0.5 * result.losses.front());
}

TEST_F(Distil, MakesTheSigmoidTheLargestShare) {
  seed_aten(4);
  DynamicGate gate(kGate);
  const GateExample held_out = examples(13).back();
  // The divergence of its probabilities from the shares, in nats a pair of blocks.
  const auto error = [&] {
    const at::Tensor p = held_out.attention.to(at::kDouble).clamp(1e-9, 1 - 1e-9);
    const at::Tensor q = gate->forward(held_out.input).to(at::kDouble).clamp(1e-9, 1 - 1e-9);
    const at::Tensor pairs = p * (p / q).log() + (1 - p) * ((1 - p) / (1 - q)).log();
    return pairs.masked_select(held_out.input.visible.expand_as(pairs)).mean().item<double>();
  };
  const double untrained = error();
  distil(*gate, examples(12), {.epochs = 30});
  EXPECT_LT(error(), 0.8 * untrained);
}

TEST_F(Distil, IsTheSameForASeed) {
  const auto run = [](std::uint64_t seed) {
    seed_aten(5);
    DynamicGate gate(kGate);
    const DistilResult result = distil(*gate, examples(3), {.epochs = 3, .seed = seed});
    return std::pair(result.losses, gate->named_parameters()["key.diagonal"].detach().clone());
  };
  const auto one = run(1);
  const auto again = run(1);
  EXPECT_EQ(one.first, again.first);
  EXPECT_TRUE(at::equal(one.second, again.second));
  EXPECT_NE(one.first, run(2).first);
  at::set_num_threads(2);
  const auto with_two = run(1);
  EXPECT_NEAR(with_two.first.back(), one.first.back(), 1e-4);
}

TEST_F(Distil, PassesOverRowsThatSeeNothing) {
  seed_aten(6);
  DynamicGate gate(kGate);
  at::Tensor real = at::ones({1, 200}, at::kBool);
  real[0].slice(0, 0, 100).fill_(false);
  at::Tensor key = at::randn({1, 1, 200, 32});
  key.slice(2, 0, 100).fill_(std::nan(""));
  const std::vector<GateExample> masked{
      gate_example(at::randn({1, 2, 200, 32}), key, {.key_mask = real})};
  for (const double loss : distil(*gate, masked, {.epochs = 3}).losses) {
    EXPECT_TRUE(std::isfinite(loss));
  }
  for (const at::Tensor& parameter : gate->parameters()) {
    EXPECT_TRUE(parameter.isfinite().all().item<bool>());
  }
}

TEST_F(Distil, RefusesOptionsOutOfRange) {
  DynamicGate gate(kGate);
  const auto lessons = examples(1);
  for (const double share : {0.0, -1.0, 1.5, std::nan("")}) {
    EXPECT_THROW(distil(*gate, lessons, {.keep = share}), InvalidArgument);
  }
  EXPECT_THROW(distil(*gate, lessons, {.epochs = 0}), InvalidArgument);
  EXPECT_THROW(distil(*gate, lessons, {.learning_rate = -1}), InvalidArgument);
  EXPECT_THROW(distil(*gate, lessons, {.weight_decay = std::nan("")}), InvalidArgument);
  EXPECT_THROW(distil(*gate, {}, {}), InvalidArgument);
}

TEST_F(Distil, RefusesExamplesThatDoNotFit) {
  DynamicGate gate(kGate);
  const GateExample empty;
  EXPECT_THROW(distil(*gate, {&empty, 1}), InvalidArgument);
  GateExample other = examples(1)[0];
  other.attention = at::zeros({1, 2, 3, 3});
  EXPECT_THROW(distil(*gate, {&other, 1}), InvalidArgument);
  const GateExample heads = gate_example(at::zeros({1, 1, 64, 32}), at::zeros({1, 1, 64, 32}));
  EXPECT_THROW(distil(*gate, {&heads, 1}), InvalidArgument);
  EXPECT_THROW(gate_example({}, {}), InvalidArgument);
}

}  // namespace
}  // namespace hadal::dao
