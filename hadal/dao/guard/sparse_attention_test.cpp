#include "hadal/dao/guard/sparse_attention.h"

#include "hadal/core/error.h"
#include "hadal/core/log.h"
#include "hadal/core/random.h"
#include "hadal/dao/attention_grad.h"
#include "hadal/dao/guard/missing_mass.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace hadal::dao {
namespace {

constexpr std::int64_t kTokens = 640;
constexpr AlwaysKept kNothing{.sinks = 0, .window = 0};

/// Two heads of which every query looks at the block of keys `target` and hardly elsewhere.
struct TestInputs {
  at::Tensor query, key, value;
};

TestInputs looking_at(std::int64_t target) {
  TestInputs x{at::zeros({1, 2, kTokens, 32}), at::zeros({1, 2, kTokens, 32}),
               at::randn({1, 2, kTokens, 32})};
  x.query.select(3, 0).fill_(10);
  x.key.select(3, 0).narrow(2, target * kBlockSize, kBlockSize).fill_(10);
  return x;
}

/// Keeps the diagonal only.
std::shared_ptr<const Selector> diagonal() { return std::make_shared<SlidingWindow>(kNothing); }

/// Finds the block that looking_at() is about.
std::shared_ptr<const Selector> best_block() {
  return std::make_shared<PooledTopK>(Budget{.blocks = 2, .always = kNothing});
}

AttentionResult run(SparseAttention& attend, const TestInputs& x) {
  return attend(x.query, x.key, x.value);
}

bool is_dense(const at::Tensor& output, const TestInputs& x) {
  return at::equal(output, attention(x.query, x.key, x.value).output);
}

/// Collects what is logged while it lives.
class Log {
 public:
  Log() {
    set_log_sink([this](LogLevel, std::string_view line) { lines.emplace_back(line); });
  }
  ~Log() { set_log_sink({}); }
  std::vector<std::string> lines;
};

/// The missing mass by its definition, in fp64, of all rows.
double defined_missing_mass(const TestInputs& x, const BlockLists& lists) {
  const at::Tensor weights = at::matmul(x.query, x.key.transpose(2, 3))
                                 .to(at::kDouble)
                                 .div_(std::sqrt(32.0))
                                 .masked_fill_(at::ones({kTokens, kTokens}, at::kBool).triu(1),
                                               -std::numeric_limits<double>::infinity())
                                 .softmax(3);
  const auto* offsets = lists.offsets.const_data_ptr<std::int64_t>();
  const auto* blocks = lists.blocks.const_data_ptr<std::int32_t>();
  double kept = 0;
  for (std::int64_t row = 0; row < 2 * kTokens / kBlockSize; ++row) {
    const std::int64_t i = row % (kTokens / kBlockSize);
    const at::Tensor line = weights[0][row / (kTokens / kBlockSize)].narrow(0, i * kBlockSize, 64);
    for (std::int64_t at = offsets[row]; at < offsets[row + 1]; ++at) {
      kept += line.narrow(1, blocks[at] * kBlockSize, kBlockSize).sum().item<double>();
    }
  }
  return 1 - kept / (2 * kTokens);
}

TEST(MissingMass, IsTheShareOfTheWeightsThatAreLeftOut) {
  seed_aten(1);
  const TestInputs x{at::randn({1, 2, kTokens, 32}), at::randn({1, 2, kTokens, 32}),
                     at::randn({1, 2, kTokens, 32})};
  const BlockLists lists = PooledTopK({.keep = 0.4}).select(x.query, x.key);
  const at::Tensor sparse = attention_forward(x.query, x.key, x.value, lists).log_sum_exp;
  const at::Tensor dense = attention_forward(x.query, x.key, x.value, {}).log_sum_exp;
  const double expected = defined_missing_mass(x, lists);
  EXPECT_GT(expected, 0.1);
  EXPECT_NEAR(missing_mass(dense, sparse), expected, 1e-5);
  EXPECT_NEAR(missing_mass_at(at::arange(kTokens), x.query, x.key, sparse, {}), expected, 1e-5);
}

TEST(MissingMass, OfGroupedQueriesAndMaskedKeysIsThatOfTheKernels) {
  seed_aten(2);
  const at::Tensor query = at::randn({2, 4, 100, 16});
  const at::Tensor key = at::randn({2, 2, 300, 16});
  const AttentionOptions options{.causal = false, .key_mask = at::rand({2, 300}).lt(0.7)};
  const at::Tensor dense = attention_forward(query, key, key, {}, options).log_sum_exp;
  const at::Tensor rows = at::arange(0, 100, 7);
  EXPECT_NEAR(missing_mass_at(rows, query, key, dense, options), 0, 1e-6);
  EXPECT_NEAR(missing_mass_at(rows, query, key, dense - std::log(2.0), options), 0.5, 1e-6);
}

TEST(MissingMass, CountsQueriesThatSeeSomething) {
  const float nothing = -std::numeric_limits<float>::infinity();
  const at::Tensor dense = at::zeros({1, 1, 4});
  dense[0][0][0] = nothing;
  at::Tensor sparse = dense.clone();
  EXPECT_EQ(missing_mass(dense, sparse), 0);
  sparse[0][0][1] = nothing;
  EXPECT_NEAR(missing_mass(dense, sparse), 1.0 / 3, 1e-6);
  EXPECT_EQ(missing_mass(at::full({1, 1, 2}, nothing), at::full({1, 1, 2}, nothing)), 0);
  sparse[0][0][1] = std::nanf("");
  EXPECT_TRUE(std::isnan(missing_mass(dense, sparse)));
}

TEST(SparseAttention, ReturnsWhatTheSelectorKeeps) {
  const TestInputs x = looking_at(0);
  SparseAttention attend(best_block(), {.dense_below = 0});
  const AttentionResult result = run(attend, x);
  const BlockLists lists = best_block()->select(x.query, x.key);
  EXPECT_TRUE(at::equal(result.output, attention(x.query, x.key, x.value, lists).output));
  EXPECT_EQ(attend.report().returned_sparse, 1);
  EXPECT_EQ(attend.report().fallbacks, 0);
  EXPECT_LT(attend.report().mean_missing_mass, 0.01);
}

TEST(SparseAttention, IsDenseForFewKeys) {
  const TestInputs x = looking_at(0);
  SparseAttention attend(diagonal(), {.dense_below = kTokens + 1});
  EXPECT_TRUE(is_dense(run(attend, x).output, x));
  EXPECT_EQ(attend.report().returned_sparse, 0);
  EXPECT_EQ(attend.report().fallbacks, 0);
}

TEST(SparseAttention, FallsBackWhereTooMuchIsMissingAndTriesAgainLater) {
  const Log log;
  const TestInputs bad = looking_at(0);
  SparseAttention attend(diagonal(),
                         {.name = "layers.3", .dense_below = 0, .guard = {.cooldown = 2}});
  for (int call = 0; call < 3; ++call) {
    EXPECT_TRUE(is_dense(run(attend, bad).output, bad)) << call;
    EXPECT_EQ(attend.report().fallen_back, call < 2) << call;
    EXPECT_EQ(attend.report().fallbacks, 1) << call;
  }
  // The fourth call tries again.
  run(attend, bad);
  EXPECT_EQ(attend.report().fallbacks, 2);
  EXPECT_EQ(attend.report().returned_sparse, 0);
  EXPECT_GT(attend.report().mean_missing_mass, 0.5);
  ASSERT_EQ(log.lines.size(), 2U);
  EXPECT_NE(log.lines[0].find("\"layers.3\""), std::string::npos) << log.lines[0];
  EXPECT_NE(log.lines[0].find("bound of 0.25"), std::string::npos) << log.lines[0];
}

TEST(SparseAttention, DoesNotTakeNoNumberForLittle) {
  const Log log;
  TestInputs x = looking_at(0);
  x.key[0][0][0].fill_(std::nanf(""));
  SparseAttention attend(diagonal(), {.dense_below = 0});
  run(attend, x);
  EXPECT_EQ(attend.report().fallbacks, 1);
}

TEST(SparseAttention, InShadowReturnsDenseAndRecordsTheDifference) {
  const Log log;
  seed_aten(3);
  const TestInputs x = looking_at(0);
  SparseAttention attend(diagonal(), {.mode = Mode::shadow, .dense_below = 0});
  EXPECT_TRUE(is_dense(run(attend, x).output, x));
  EXPECT_TRUE(is_dense(run(attend, x).output, x));
  const SparseAttentionReport report = attend.report();
  const BlockLists lists = diagonal()->select(x.query, x.key);
  const at::Tensor dense = attention(x.query, x.key, x.value).output;
  const at::Tensor sparse = attention(x.query, x.key, x.value, lists).output;
  EXPECT_NEAR(report.mean_error, ((sparse - dense).norm() / dense.norm()).item<double>(), 1e-5);
  EXPECT_EQ(report.mean_error, report.largest_error);
  EXPECT_NEAR(report.mean_missing_mass, defined_missing_mass(x, lists), 1e-5);
  EXPECT_EQ(report.fallbacks, 2);  // would have been
  EXPECT_FALSE(report.fallen_back);
  EXPECT_EQ(report.returned_sparse, 0);
  EXPECT_TRUE(log.lines.empty());
}

TEST(SparseAttention, AsCanaryIsSparseForAShareOfTheCalls) {
  constexpr int kCalls = 200;
  const TestInputs x = looking_at(0);
  SparseAttention attend(best_block(),
                         {.mode = Mode::canary, .canary_share = 0.25, .dense_below = 0});
  for (int call = 0; call < kCalls; ++call) run(attend, x);
  const SparseAttentionReport report = attend.report();
  EXPECT_GT(report.returned_sparse, 30);
  EXPECT_LT(report.returned_sparse, 70);
  EXPECT_GT(report.mean_error, 0);
}

TEST(SparseAttention, AsCanaryFallsBackToo) {
  const Log log;
  const TestInputs x = looking_at(0);
  SparseAttention attend(diagonal(), {.mode = Mode::canary, .canary_share = 1, .dense_below = 0});
  EXPECT_TRUE(is_dense(run(attend, x).output, x));
  EXPECT_TRUE(attend.report().fallen_back);
  EXPECT_EQ(log.lines.size(), 1U);
}

TEST(SparseAttention, HasGradientsOfWhatItReturns) {
  const Log log;
  for (const bool falls_back : {false, true}) {
    TestInputs x = looking_at(0);
    x.value.requires_grad_();
    SparseAttention attend(falls_back ? diagonal() : best_block(), {.dense_below = 0});
    run(attend, x).output.sum().backward();
    const at::Tensor got = x.value.grad().clone();
    x.value.mutable_grad().zero_();
    std::optional<BlockLists> lists;
    if (!falls_back) lists = best_block()->select(x.query, x.key);
    attention(x.query, x.key, x.value, lists).output.sum().backward();
    EXPECT_TRUE(at::equal(got, x.value.grad())) << falls_back;
  }
}

TEST(SparseAttention, RefusesWhatItCannotTake) {
  using Options = SparseAttentionOptions;
  const auto refused = [](const Options& options) {
    EXPECT_THROW(SparseAttention(diagonal(), options), InvalidArgument);
  };
  refused({.canary_share = 0});
  refused({.canary_share = 1.5});
  refused({.dense_below = -1});
  refused({.guard = {.bound = 0}});
  refused({.guard = {.bound = std::nan("")}});
  refused({.guard = {.rows = -1}});
  refused({.guard = {.cooldown = -1}});
  EXPECT_THROW(SparseAttention{nullptr}, InvalidArgument);
  SparseAttention attend(diagonal());
  EXPECT_THROW(attend({}, {}, {}), InvalidArgument);
  const at::Tensor x = at::zeros({1, 2000, 8});
  EXPECT_THROW(attend(x, x, x), InvalidArgument);
}

}  // namespace
}  // namespace hadal::dao
