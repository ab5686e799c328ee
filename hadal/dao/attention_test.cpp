#include "hadal/dao/attention.h"

#include "hadal/core/error.h"
#include "hadal/core/isa.h"
#include "hadal/core/random.h"
#include "hadal/dao/testing.h"

#include <cmath>
#include <limits>

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace hadal::dao {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct TestInputs {
  at::Tensor query, key, value;
};

TestInputs inputs_of(const Shape& s, at::ScalarType type) {
  const auto make = [&](std::int64_t heads, std::int64_t tokens) {
    return at::randn({s.batch, heads, tokens, s.head_dim}).to(type);
  };
  return {make(s.heads, s.queries), make(s.kv_heads, s.keys), make(s.kv_heads, s.keys)};
}

/// The definition, in the type of its inputs, with rows that see nothing as zeros.
AttentionResult defined(const TestInputs& x, const at::Tensor& mask) {
  const auto group = x.query.size(1) / x.key.size(1);
  const at::Tensor key = x.key.repeat_interleave(group, 1);
  const at::Tensor value = x.value.repeat_interleave(group, 1);
  const double scale = 1 / std::sqrt(static_cast<double>(x.query.size(3)));
  const at::Tensor scores =
      (at::matmul(x.query, key.transpose(2, 3)) * scale).masked_fill(~mask, -kInfinity);
  const at::Tensor nothing = ~mask.any(3, true);
  return {at::matmul(scores.softmax(3).masked_fill(nothing, 0), value), at::logsumexp(scores, 3)};
}

TestInputs in_type(const TestInputs& x, at::ScalarType type) {
  return {x.query.to(type), x.key.to(type), x.value.to(type)};
}

/// Holds that `x` comes out as close to the definition in fp64 as the definition in the same type,
/// within a factor of 2 (and an error that is lost in the noise of the type itself).
void expect_exact(const TestInputs& x, const at::Tensor& block_mask, bool causal) {
  const at::Tensor mask = seen(x.query.size(2), x.key.size(2), block_mask, causal);
  const AttentionResult exact = defined(in_type(x, at::kDouble), mask);
  const at::Tensor same_type = defined(x, mask).output;
  std::optional<BlockLists> lists;
  if (block_mask.defined()) lists = block_lists(block_mask);
  const AttentionResult result =
      attention_forward(x.query, x.key, x.value, lists, {.causal = causal});
  ASSERT_EQ(result.output.scalar_type(), x.query.scalar_type());
  ASSERT_EQ(result.output.sizes(), x.query.sizes());
  const bool full = x.query.scalar_type() == at::kFloat;
  EXPECT_LE(error_of(result.output, exact.output),
            2 * error_of(same_type, exact.output) + (full ? 2e-7 : 1e-3));
  const at::Tensor finite = exact.log_sum_exp.isfinite();
  EXPECT_TRUE(at::equal(result.log_sum_exp.isfinite(), finite));
  EXPECT_LE(error_of(result.log_sum_exp.masked_fill(~finite, 0),
                     exact.log_sum_exp.masked_fill(~finite, 0)),
            full ? 2e-6 : 2e-2);
}

class AttentionForward : public EachIsa {
 protected:
  AttentionForward() : EachIsa(/*seed=*/11) {}
};

TEST_P(AttentionForward, EqualsTheDefinitionForManyShapes) {
  for (const Shape& shape : kShapes) {
    for (const auto type : {at::kFloat, at::kBFloat16, at::kHalf}) {
      for (const bool causal : {true, false}) {
        SCOPED_TRACE(concat(shape.queries, " queries, ", shape.keys, " keys, head_dim ",
                            shape.head_dim, ", ", type, ", causal ", causal));
        expect_exact(inputs_of(shape, type), {}, causal);
      }
    }
  }
}

TEST_P(AttentionForward, LooksAtTheBlocksOfItsListsOnly) {
  const Shape shape{
      .batch = 2, .heads = 4, .kv_heads = 2, .queries = 300, .keys = 420, .head_dim = 64};
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    for (const double keep : {0.0, 0.1, 0.5, 1.0}) {
      for (const bool causal : {true, false}) {
        SCOPED_TRACE(concat(type, ", keep ", keep, ", causal ", causal));
        expect_exact(inputs_of(shape, type), random_mask(shape, keep), causal);
      }
    }
  }
}

TEST_P(AttentionForward, GivesZerosToQueriesThatSeeNothing) {
  const TestInputs x = inputs_of({.queries = 130, .keys = 66}, at::kFloat);
  // Causal, the first 64 queries come before the first key.
  const AttentionResult result = attention_forward(x.query, x.key, x.value, {});
  EXPECT_EQ(result.output.slice(2, 0, 64).abs().max().item<double>(), 0);
  EXPECT_TRUE(result.log_sum_exp.slice(2, 0, 64).isinf().all().item<bool>());
  expect_exact(x, {}, true);
}

TEST_P(AttentionForward, SurvivesScoresOfTenThousand) {
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    TestInputs x = inputs_of({.queries = 70, .keys = 70, .head_dim = 32}, at::kFloat);
    x.query = (x.query * 240).to(type);
    x.key = (x.key * 240).to(type);
    x.value = x.value.to(type);
    const AttentionResult result = attention_forward(x.query, x.key, x.value, {});
    const AttentionResult exact =
        defined(in_type(x, at::kDouble), seen(x.query.size(2), x.key.size(2), {}, true));
    EXPECT_GT(exact.log_sum_exp.abs().max().item<double>(), 1e4);
    EXPECT_TRUE(result.output.isfinite().all().item<bool>());
    // Weights are all but 0 or 1 then; fp32 scores of 1e4 are themselves off by 1e-3.
    EXPECT_LT(error_of(result.output, exact.output), type == at::kFloat ? 1e-2 : 5e-2);
  }
}

TEST_P(AttentionForward, TakesAnyStrides) {
  const Shape shape{
      .batch = 2, .heads = 2, .kv_heads = 2, .queries = 100, .keys = 100, .head_dim = 48};
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    const TestInputs dense = inputs_of(shape, type);
    const auto as_model = [](const at::Tensor& x) {  // [batch, tokens, heads, head_dim] in memory
      return x.transpose(1, 2).contiguous().transpose(1, 2);
    };
    const auto by_columns = [](const at::Tensor& x) {
      return x.transpose(2, 3).contiguous().transpose(2, 3);
    };
    const at::Tensor expected = attention_forward(dense.query, dense.key, dense.value, {}).output;
    EXPECT_TRUE(at::equal(
        attention_forward(as_model(dense.query), as_model(dense.key), as_model(dense.value), {})
            .output,
        expected));
    EXPECT_TRUE(at::equal(
        attention_forward(by_columns(dense.query), by_columns(dense.key), dense.value, {}).output,
        expected));
  }
}

TEST_P(AttentionForward, KeepsWhatIsNoNumberVisible) {
  TestInputs x = inputs_of({.queries = 70, .keys = 70}, at::kFloat);
  x.key[0][0][3].fill_(std::nanf(""));
  const at::Tensor output = attention_forward(x.query, x.key, x.value, {}).output;
  EXPECT_TRUE(output[0][0].slice(0, 3).isnan().all().item<bool>());
  EXPECT_TRUE(output[0][0].slice(0, 0, 3).isfinite().all().item<bool>());
}

TEST_P(AttentionForward, GivesTheSameBitsWithAnyNumberOfThreads) {
  const TestInputs x =
      inputs_of({.heads = 3, .kv_heads = 3, .queries = 500, .keys = 500}, at::kBFloat16);
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const at::Tensor one = attention_forward(x.query, x.key, x.value, {}).output;
  at::set_num_threads(2);
  const at::Tensor two = attention_forward(x.query, x.key, x.value, {}).output;
  at::set_num_threads(threads);
  EXPECT_TRUE(at::equal(one, two));
}

INSTANTIATE_TEST_SUITE_P(Isas, AttentionForward, kEveryIsa,
                         [](const auto& info) { return std::string(name_of(info.param)); });

TEST(AttentionForwardInput, TakesEmptyOnes) {
  const auto empty = [](std::int64_t batch, std::int64_t queries) {
    return attention_forward(at::zeros({batch, 2, queries, 8}), at::zeros({batch, 2, 5, 8}),
                             at::zeros({batch, 2, 5, 8}), {})
        .output.sizes()
        .vec();
  };
  EXPECT_EQ(empty(0, 3), (std::vector<std::int64_t>{0, 2, 3, 8}));
  EXPECT_EQ(empty(1, 0), (std::vector<std::int64_t>{1, 2, 0, 8}));
  const AttentionResult none = attention_forward(at::ones({1, 1, 3, 8}), at::zeros({1, 1, 0, 8}),
                                                 at::zeros({1, 1, 0, 8}), {});
  EXPECT_EQ(none.output.abs().sum().item<double>(), 0);
}

TEST(AttentionForwardInput, IsRefusedWithWhatWasExpected) {
  const at::Tensor x = at::zeros({1, 4, 70, 16});
  const auto refused = [](auto&&... arguments) {
    try {
      attention_forward(arguments...);
    } catch (const InvalidArgument& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  const std::optional<BlockLists> all;
  EXPECT_EQ(
      refused(x, at::zeros({1, 3, 70, 16}), at::zeros({1, 3, 70, 16}), all),
      "attention: expected kv_heads that divide heads, got query Float [1, 4, 70, 16] on cpu, "
      "key Float [1, 3, 70, 16] on cpu, value Float [1, 3, 70, 16] on cpu");
  EXPECT_NE(refused(x, x, at::zeros({1, 4, 69, 16}), all), "accepted");
  EXPECT_NE(refused(x, at::zeros({1, 4, 70, 8}), at::zeros({1, 4, 70, 8}), all), "accepted");
  EXPECT_NE(refused(x, x, x.to(at::kBFloat16), all), "accepted");
  EXPECT_NE(refused(x.to(at::kDouble), x.to(at::kDouble), x.to(at::kDouble), all), "accepted");
  EXPECT_NE(refused(x[0], x[0], x[0], all), "accepted");
  EXPECT_NE(refused(at::Tensor(), x, x, all), "accepted");
  const at::Tensor wide = at::zeros({1, 1, 2, 257});
  EXPECT_NE(refused(wide, wide, wide, all), "accepted");
  EXPECT_NE(refused(x, x, x, all, AttentionOptions{.scale = 0.0}), "accepted");
  EXPECT_EQ(refused(x, x, x, std::optional(block_lists(at::ones({1, 4, 2, 3}, at::kBool)))),
            "attention: expected lists.blocks that rise from 0 to 1 within row 0");
  EXPECT_EQ(
      refused(x, x, x, std::optional(block_lists(at::ones({1, 4, 1, 2}, at::kBool)))),
      "attention: expected lists.offsets int64 [9] (a row a query block, and one), contiguous");
  EXPECT_THROW(block_lists(at::ones({1, 4, 1, 2})), InvalidArgument);
  const auto masked = [](const at::Tensor& mask) { return AttentionOptions{.key_mask = mask}; };
  EXPECT_EQ(refused(x, x, x, all, masked(at::ones({1, 69}, at::kBool))),
            "attention: expected key_mask Bool [1, 70] on cpu, got Bool [1, 69] on cpu");
  EXPECT_EQ(refused(x, x, x, all, masked(at::ones({1, 70}))),
            "attention: expected key_mask Bool [1, 70] on cpu, got Float [1, 70] on cpu");
  EXPECT_EQ(refused(x, x, x, all, masked({})),
            "attention: expected key_mask Bool [1, 70] on cpu, got an undefined tensor");
}

}  // namespace
}  // namespace hadal::dao
