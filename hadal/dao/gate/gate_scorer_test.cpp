#include "hadal/core/error.h"
#include "hadal/core/isa.h"
#include "hadal/dao/gate/test_support.h"
#include "hadal/dao/kernels/counted.h"
#include "hadal/dao/select/block_scores.h"
#include "hadal/dao/select/each_query.h"
#include "hadal/dao/select/selector.h"

#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>

namespace hadal::dao {
HADAL_ISA_DECLARE(void counted_query_products(const QueryProducts& task);)

namespace {

constexpr IsaTable kCounted = HADAL_ISA_TABLE(counted_query_products);

/// The same scores by the kernels that selectors use, of each instruction set.
class GateScores : public ::testing::TestWithParam<Isa> {
 protected:
  void SetUp() override {
    if (GetParam() > detected_isa()) {
      GTEST_SKIP() << "this machine has no " << name_of(GetParam());
    }
    forced_.emplace(GetParam());
  }

 private:
  std::optional<ScopedIsa> forced_;
};

TEST_P(GateScores, EqualTheFormula) {
  DynamicGate gate = random_gate(kOptions, 2);
  const GateScorer scorer(*gate);
  for (const auto& [queries, keys] : {std::pair{150, 200}, {65, 960}, {1, 1500}, {33, 64}}) {
    const auto [query, key] = layer(queries, keys);
    const double scale = 0.3;
    const QueryFeatures features{scorer.query_features(query, scale), scorer.scoring()};
    const at::Tensor key_features = scorer.key_features(key);
    const std::int64_t blocks = key_features.size(1);
    BlockScores scores(features, key_features.size(2));
    std::vector<char> counts(static_cast<std::size_t>(blocks), 1);
    if (blocks > 2) counts[1] = 0;
    for (std::int64_t item = 0; item < 8; ++item) {
      const at::Tensor head = key_features[item / 2];
      const std::int64_t part = std::min<std::int64_t>(7, blocks);
      const std::array runs{
          KeyRun{head.const_data_ptr<float>(), part},
          KeyRun{head.const_data_ptr<float>() + part * head.size(1), blocks - part}};
      const at::Tensor visible =
          at::tensor(std::vector<std::int64_t>(counts.begin(), counts.end()), at::kDouble)
              .expand({blocks_of(queries), blocks});
      const at::Tensor expected = probabilities(
          gate, query[item / 4][item % 4], key[item / 4][item % 4 / 2], scale, item % 4, visible);
      for (std::int64_t block = 0; block < blocks_of(queries); ++block) {
        at::Tensor got = at::zeros({blocks}, at::kFloat);
        scores.find({item, block, std::min<std::int64_t>(64, queries - block * 64)}, runs, counts,
                    {got.mutable_data_ptr<float>(), static_cast<std::size_t>(blocks)});
        EXPECT_TRUE(at::allclose(got.sigmoid().to(at::kDouble), expected[block], 1e-4, 1e-6))
            << queries << " queries, block " << block;
      }
    }
  }
}

TEST_P(GateScores, CostTheMultiplyAddsThatAreCounted) {
  const GateScorer scorer(*random_gate(kOptions, 9));
  for (const std::int64_t tokens : {64, 640, 1024}) {
    kernels::counted_multiply_adds = 0;
    std::vector<float> keys(static_cast<std::size_t>(tokens / 64 * 48), 1);
    const std::vector<float> queries(48 * 64, 1);
    std::vector<float> products(static_cast<std::size_t>(tokens));
    for (std::int64_t seen = 1; seen <= tokens / 64; ++seen) {
      kCounted.best()({.queries = queries.data(),
                       .keys = keys.data(),
                       .lanes = 64,
                       .count = seen,
                       .stride = 48,
                       .depth = 48,
                       .products = products.data()});
      EXPECT_EQ(products[static_cast<std::size_t>(seen * 64 - 1)], 48);
    }
    const std::int64_t blocks = tokens / 64 * (tokens / 64 + 1) / 2;
    const at::Tensor none = at::zeros({0, 4, 0, 24}, at::TensorOptions(at::kMeta));
    const ScoredPairs pairs{static_cast<double>(blocks), static_cast<double>(blocks * 64)};
    // Beside 6 operations of the softmax and of the largest.
    EXPECT_EQ(2.0 * static_cast<double>(kernels::counted_multiply_adds),
              scorer.flops(none, none, pairs) - 6 * pairs.queries);
  }
}

INSTANTIATE_TEST_SUITE_P(Isas, GateScores, ::testing::Values(Isa::portable, Isa::avx2, Isa::avx512),
                         [](const auto& info) { return std::string(name_of(info.param)); });

TEST(GateScorer, KeepsBlocksWithWhatIsNoNumberAndOthersAsTheyWere) {
  DynamicGate gate = random_gate(kOptions, 10);
  const auto [query, key] = layer(64, 640);
  const GateScorer scorer(*gate);
  const QueryFeatures features{scorer.query_features(query, 0.3), scorer.scoring()};
  at::Tensor keys = scorer.key_features(key);
  const auto find = [&] {
    BlockScores scores(features, keys.size(2));
    std::vector<float> result(10);
    const KeyRun run{keys.const_data_ptr<float>(), 10};
    scores.find({0, 0, 64}, {&run, 1}, {}, result);
    return result;
  };
  keys[0][3].fill_(-std::numeric_limits<float>::infinity());
  keys[0][3].slice(0, 0, 24).fill_(0);  // no share at all
  const std::vector<float> before = find();
  keys[0][3].fill_(std::nan(""));
  const std::vector<float> after = find();
  for (std::size_t j = 0; j < 10; ++j) {
    if (j == 3) {
      EXPECT_TRUE(std::isnan(after[j]));
    } else {
      EXPECT_EQ(after[j], before[j]);
    }
  }
}

TEST(GateScorer, RefusesAnotherLayersInput) {
  const GateScorer scorer(*random_gate(kOptions, 4));
  EXPECT_THROW(scorer.query_features(at::zeros({1, 2, 64, 24}), 1), InvalidArgument);
  EXPECT_THROW(scorer.key_features(at::zeros({1, 2, 64, 8})), InvalidArgument);
  EXPECT_THROW(scorer.key_features(at::Tensor()), InvalidArgument);
  EXPECT_THROW(scorer.features(8), InvalidArgument);
  EXPECT_EQ(scorer.features(24), 48);
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
      const GateOptions options{.heads = 8, .kv_heads = kv_heads, .head_dim = head_dim};
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
  // Weights of queries, pooled keys; 6 blocks of keys through the layer, whose sums of products are
  // 48 of 3 numbers, 5 of 72 and 48 of 5, and 2 additions each; scores.
  const double expected = 4 * 130 * 24 + 3 * 2 * 130 * 24 +
                          6 * (48 * 5 + 5 * (2 * 72 - 1) + 48 * (2 * 5 - 1) + 2 * 48) +
                          640 * (2 * 48 + 6);
  EXPECT_EQ(scorer.flops(query, key, {10, 640}), expected);
}

}  // namespace
}  // namespace hadal::dao
