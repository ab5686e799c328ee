#include "hadal/dao/attention_grad.h"

#include "hadal/core/error.h"
#include "hadal/core/isa.h"
#include "hadal/core/random.h"
#include "hadal/dao/attention_backward.h"
#include "hadal/dao/testing.h"

#include <array>
#include <cmath>
#include <limits>

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

namespace hadal::dao {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// TestInputs, and the gradients of output and log-sum-exp.
struct TestInputs {
  at::Tensor query, key, value, output_grad, log_sum_exp_grad;

  TestInputs to(at::ScalarType type) const {
    const auto leaf = [&](const at::Tensor& x) {
      return x.detach().to(type, /*non_blocking=*/false, /*copy=*/true).requires_grad_();
    };
    return {leaf(query), leaf(key), leaf(value), output_grad.to(type), log_sum_exp_grad};
  }
};

TestInputs inputs_of(const Shape& s, at::ScalarType type) {
  const auto make = [&](std::int64_t heads, std::int64_t tokens) {
    return at::randn({s.batch, heads, tokens, s.head_dim});
  };
  return TestInputs{make(s.heads, s.queries), make(s.kv_heads, s.keys), make(s.kv_heads, s.keys),
                    make(s.heads, s.queries), at::randn({s.batch, s.heads, s.queries})}
      .to(type);
}

/// The definition, in the type of its inputs, with rows that see nothing as zeros.
AttentionResult defined(const TestInputs& x, const at::Tensor& mask) {
  const auto group = x.query.size(1) / x.key.size(1);
  const at::Tensor key = x.key.repeat_interleave(group, 1);
  const at::Tensor value = x.value.repeat_interleave(group, 1);
  const double scale = 1 / std::sqrt(static_cast<double>(x.query.size(3)));
  const at::Tensor nothing = ~mask.any(3, true);
  // Rows that see nothing see all here, and count for nothing after.
  const at::Tensor scores =
      (at::matmul(x.query, key.transpose(2, 3)) * scale).masked_fill(~(mask | nothing), -kInfinity);
  return {at::matmul(scores.softmax(3), value).masked_fill(nothing, 0),
          at::logsumexp(scores, 3).masked_fill(nothing.squeeze(3), 0)};
}

using Gradients = std::vector<at::Tensor>;

Gradients gradients_of(const TestInputs& x, const AttentionResult& result, bool of_log_sum_exp) {
  if (!of_log_sum_exp)
    return torch::autograd::grad({result.output}, {x.query, x.key, x.value}, {x.output_grad});
  return torch::autograd::grad({result.output, result.log_sum_exp}, {x.query, x.key, x.value},
                               {x.output_grad.to(result.output.scalar_type()),
                                x.log_sum_exp_grad.to(result.log_sum_exp.scalar_type())});
}

/// Holds that the gradients come out as close to those of the definition in fp64 as those of the
/// definition in the same type, within a factor of 2 (and an error lost in the type's own noise).
void expect_exact(const TestInputs& x, const at::Tensor& block_mask, bool causal,
                  bool of_log_sum_exp = false) {
  const at::Tensor mask = seen(x.query.size(2), x.key.size(2), block_mask, causal);
  const TestInputs wide = x.to(at::kDouble);
  const Gradients exact = gradients_of(wide, defined(wide, mask), of_log_sum_exp);
  const Gradients same_type = gradients_of(x, defined(x, mask), of_log_sum_exp);
  std::optional<BlockLists> lists;
  if (block_mask.defined()) lists = block_lists(block_mask);
  const Gradients ours = gradients_of(
      x, attention(x.query, x.key, x.value, lists, {.causal = causal}), of_log_sum_exp);
  for (std::size_t i = 0; i < 3; ++i) {
    SCOPED_TRACE(concat("input ", i));
    ASSERT_EQ(ours[i].scalar_type(), x.query.scalar_type());
    ASSERT_EQ(ours[i].sizes(), exact[i].sizes());
    const double noise = x.query.scalar_type() == at::kFloat ? 2e-6 : 4e-3;
    EXPECT_LE(error_of(ours[i], exact[i]), 2 * error_of(same_type[i], exact[i]) + noise);
  }
}

class AttentionGrad : public EachIsa {
 protected:
  AttentionGrad() : EachIsa(/*seed=*/12) {}
};

TEST_P(AttentionGrad, EqualsThatOfTheDefinitionForManyShapes) {
  for (const Shape& shape : kShapes) {
    for (const auto type : {at::kFloat, at::kBFloat16}) {
      for (const bool causal : {true, false}) {
        SCOPED_TRACE(concat(shape.queries, " queries, ", shape.keys, " keys, head_dim ",
                            shape.head_dim, ", ", type, ", causal ", causal));
        expect_exact(inputs_of(shape, type), {}, causal);
      }
    }
  }
}

TEST_P(AttentionGrad, TakesHalfPrecision) {
  expect_exact(inputs_of({.queries = 65, .keys = 65, .head_dim = 16}, at::kHalf), {}, true);
}

TEST_P(AttentionGrad, FlowsThroughTheBlocksOfItsListsOnly) {
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

TEST_P(AttentionGrad, FlowsThroughTheLogSumExp) {
  const Shape shape{.heads = 2, .kv_heads = 1, .queries = 100, .keys = 130, .head_dim = 48};
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    expect_exact(inputs_of(shape, type), random_mask(shape, 0.5), true, true);
  }
  const TestInputs x = inputs_of(shape, at::kFloat);
  const at::Tensor alone = torch::autograd::grad({attention(x.query, x.key, x.value).log_sum_exp},
                                                 {x.query}, {x.log_sum_exp_grad})[0];
  const TestInputs wide = x.to(at::kDouble);
  const at::Tensor exact = torch::autograd::grad(
      {defined(wide, seen(wide.query.size(2), wide.key.size(2), {}, true)).log_sum_exp},
      {wide.query}, {x.log_sum_exp_grad.to(at::kDouble)})[0];
  EXPECT_LT(error_of(alone, exact), 1e-6);
}

TEST_P(AttentionGrad, IsZeroForQueriesThatSeeNothing) {
  const TestInputs x = inputs_of({.queries = 130, .keys = 66}, at::kFloat);
  // Causal, the first 64 queries come before the first key.
  const Gradients ours = gradients_of(x, attention(x.query, x.key, x.value), false);
  EXPECT_EQ(ours[0].slice(2, 0, 64).abs().max().item<double>(), 0);
  expect_exact(x, {}, true);
}

/// (f(x + h u) - f(x - h u)) / 2 h in fp64, which owes nothing to automatic differentiation.
TEST_P(AttentionGrad, IsTheSlopeOfFiniteDifferences) {
  const TestInputs x = inputs_of({.queries = 70, .keys = 70, .head_dim = 8}, at::kFloat);
  const Gradients ours = gradients_of(x, attention(x.query, x.key, x.value), false);
  const TestInputs wide = x.to(at::kDouble);
  const at::Tensor mask = seen(x.query.size(2), x.key.size(2), {}, true);
  for (std::size_t i = 0; i < 3; ++i) {
    const at::Tensor direction = at::randn({1, 1, 70, 8}, at::kDouble);
    const auto value_at = [&](double step) {
      TestInputs moved = wide;
      at::Tensor& input = std::array{&moved.query, &moved.key, &moved.value}[i][0];
      input = input + direction * step;
      return (defined(moved, mask).output * wide.output_grad).sum().item<double>();
    };
    const double slope = (value_at(1e-4) - value_at(-1e-4)) / 2e-4;
    EXPECT_NEAR((ours[i].to(at::kDouble) * direction).sum().item<double>(), slope, 1e-5) << i;
  }
}

TEST_P(AttentionGrad, TakesAnyStrides) {
  const Shape shape{
      .batch = 2, .heads = 2, .kv_heads = 2, .queries = 100, .keys = 100, .head_dim = 48};
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    const TestInputs x = inputs_of(shape, type);
    const auto by_columns = [](const at::Tensor& t) {
      return t.transpose(2, 3).contiguous().transpose(2, 3);
    };
    const Gradients expected = gradients_of(x, attention(x.query, x.key, x.value), false);
    TestInputs strided = x;
    strided.output_grad = x.output_grad.slice(2, 0, 1).expand_as(x.output_grad);
    TestInputs dense = x;
    dense.output_grad = strided.output_grad.contiguous();
    const auto result = [&] {
      return attention(by_columns(x.query), by_columns(x.key), by_columns(x.value));
    };
    const Gradients columns = gradients_of(x, result(), false);
    const Gradients expanded = gradients_of(strided, result(), false);
    const Gradients plain = gradients_of(dense, attention(x.query, x.key, x.value), false);
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_TRUE(at::equal(columns[i], expected[i])) << i;
      EXPECT_TRUE(at::equal(expanded[i], plain[i])) << i;
    }
  }
}

TEST_P(AttentionGrad, KeepsWhatIsNoNumberVisible) {
  TestInputs x = inputs_of({.queries = 70, .keys = 70}, at::kFloat);
  x.output_grad[0][0][3].fill_(std::nanf(""));
  const Gradients ours = gradients_of(x, attention(x.query, x.key, x.value), false);
  EXPECT_TRUE(ours[0][0][0][3].isnan().all().item<bool>());
  EXPECT_TRUE(ours[0][0][0].slice(0, 4).isfinite().all().item<bool>());
  EXPECT_TRUE(ours[2][0][0].slice(0, 0, 4).isnan().all().item<bool>());
}

TEST_P(AttentionGrad, HasTheSameBitsWithAnyNumberOfThreads) {
  // Long enough for threads to run into each other, in fp32, which shows the order of sums.
  const Shape shape{.heads = 2, .kv_heads = 1, .queries = 1500, .keys = 1500, .head_dim = 32};
  const TestInputs x = inputs_of(shape, at::kFloat);
  const at::Tensor mask = random_mask(shape, 0.5);
  const int threads = at::get_num_threads();
  for (const auto& lists : {std::optional<BlockLists>(), std::optional(block_lists(mask))}) {
    at::set_num_threads(1);
    const Gradients one = gradients_of(x, attention(x.query, x.key, x.value, lists), false);
    for (const int count : {2, 7}) {
      at::set_num_threads(count);
      const Gradients more = gradients_of(x, attention(x.query, x.key, x.value, lists), false);
      for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(at::equal(one[i], more[i])) << i;
    }
  }
  at::set_num_threads(threads);
}

INSTANTIATE_TEST_SUITE_P(Isas, AttentionGrad, kEveryIsa,
                         [](const auto& info) { return std::string(name_of(info.param)); });

TEST(AttentionGradInput, TakesEmptyOnes) {
  const auto zero = [](std::int64_t batch, std::int64_t queries, std::int64_t keys) {
    const at::Tensor query = at::ones({batch, 2, queries, 8}).requires_grad_();
    const at::Tensor key = at::ones({batch, 2, keys, 8}).requires_grad_();
    const Gradients grads =
        torch::autograd::grad({attention(query, key, key).output.sum()}, {query, key});
    return grads[0].sizes() == query.sizes() && grads[1].sizes() == key.sizes() &&
           grads[0].abs().sum().item<double>() == 0;
  };
  EXPECT_TRUE(zero(0, 3, 5));
  EXPECT_TRUE(zero(1, 0, 5));
  EXPECT_TRUE(zero(1, 3, 0));
}

TEST(AttentionGradInput, IsDifferentiatedOnceOnly) {
  const at::Tensor x = at::ones({1, 1, 3, 8}).requires_grad_();
  const at::Tensor once = torch::autograd::grad({attention(x, x, x).output.sum()}, {x}, {},
                                                /*retain_graph=*/true, /*create_graph=*/true)[0];
  EXPECT_THROW(torch::autograd::grad({once.sum()}, {x}), Unsupported);
}

TEST(AttentionGradInput, IsNotNeeded) {
  const at::Tensor x = at::ones({1, 1, 3, 8});
  EXPECT_FALSE(attention(x, x, x).output.requires_grad());
}

TEST(AttentionGradInput, IsRefusedWithWhatWasExpected) {
  const at::Tensor x = at::zeros({1, 4, 70, 16});
  const AttentionResult result = attention_forward(x, x, x, {});
  const auto refused = [&](const at::Tensor& grad, const at::Tensor& lse_grad,
                           const AttentionResult& of) {
    try {
      attention_backward(grad, lse_grad, x, x, x, of, {});
    } catch (const InvalidArgument& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  EXPECT_EQ(refused(x, {}, result), "accepted");
  EXPECT_EQ(refused(x[0], {}, result),
            "attention_backward: expected output_grad [1, 4, 70, 16] on cpu, got [4, 70, 16] "
            "on cpu");
  EXPECT_EQ(refused({}, {}, result),
            "attention_backward: expected output_grad [1, 4, 70, 16] on cpu, got an undefined "
            "tensor");
  EXPECT_NE(refused(x, x, result), "accepted");
  EXPECT_NE(refused(x, {}, {x, x}), "accepted");
  EXPECT_NE(refused(x, {}, {{}, result.log_sum_exp}), "accepted");
}

}  // namespace
}  // namespace hadal::dao
