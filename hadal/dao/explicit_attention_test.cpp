#include "hadal/dao/explicit_attention.h"

#include "hadal/core/error.h"
#include "hadal/core/random.h"

#include <cmath>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace hadal::dao {
namespace {

/// Attention of one head with loops, in double. Query [n, d], key [m, d], value [m, e].
at::Tensor by_loops(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                    bool causal) {
  const auto q = query.accessor<double, 2>();
  const auto k = key.accessor<double, 2>();
  const auto v = value.accessor<double, 2>();
  at::Tensor result = at::zeros({q.size(0), v.size(1)}, at::kDouble);
  auto out = result.accessor<double, 2>();
  for (std::int64_t i = 0; i < q.size(0); ++i) {
    const std::int64_t seen = causal ? i + k.size(0) - q.size(0) + 1 : k.size(0);
    std::vector<double> weights;
    double sum = 0;
    for (std::int64_t j = 0; j < seen; ++j) {
      double dot = 0;
      for (std::int64_t c = 0; c < q.size(1); ++c) dot += q[i][c] * k[j][c];
      weights.push_back(std::exp(dot / std::sqrt(static_cast<double>(q.size(1)))));
      sum += weights.back();
    }
    for (std::int64_t j = 0; j < seen; ++j) {
      const double weight = weights[static_cast<std::size_t>(j)] / sum;
      for (std::int64_t c = 0; c < v.size(1); ++c) out[i][c] += weight * v[j][c];
    }
  }
  return result;
}

double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

TEST(ExplicitAttention, EqualsTheFormula) {
  seed_aten(1);
  for (const bool causal : {false, true}) {
    for (const std::int64_t queries : {1, 5, 9}) {
      const at::Tensor query = at::randn({queries, 4}, at::kDouble);
      const at::Tensor key = at::randn({9, 4}, at::kDouble);
      const at::Tensor value = at::randn({9, 3}, at::kDouble);
      EXPECT_LT(largest_difference(explicit_attention(query, key, value, causal),
                                   by_loops(query, key, value, causal)),
                1e-14)
          << queries << " queries, causal " << causal;
    }
  }
}

TEST(ExplicitAttention, EqualsTheFusedOperatorForEachHead) {
  seed_aten(2);
  const at::Tensor query = at::randn({2, 3, 33, 16});
  const at::Tensor key = at::randn({2, 3, 33, 16});
  const at::Tensor value = at::randn({2, 3, 33, 16});
  const at::Tensor fused = at::scaled_dot_product_attention(query, key, value, {}, 0.0, true);
  EXPECT_LT(largest_difference(explicit_attention(query, key, value, true), fused), 1e-6);
}

TEST(ExplicitAttention, SurvivesLargeScores) {
  const at::Tensor query = at::ones({2, 1}) * 1e4;
  const at::Tensor key = at::cat({at::ones({1, 1}), -at::ones({1, 1})});
  const at::Tensor value = at::cat({at::ones({1, 1}) * 3, at::ones({1, 1})});
  EXPECT_EQ(explicit_attention(query, key, value, false)[0].item<float>(), 3.0F);
}

TEST(ExplicitAttention, RefusesWhatDoesNotFit) {
  const at::Tensor x = at::zeros({4, 8});
  EXPECT_THROW(explicit_attention({}, x, x, false), InvalidArgument);
  EXPECT_THROW(explicit_attention(x, at::zeros({4, 7}), x, false), InvalidArgument);
  EXPECT_THROW(explicit_attention(x, x, at::zeros({5, 8}), false), InvalidArgument);
  EXPECT_THROW(explicit_attention(x, x.to(at::kDouble), x, false), InvalidArgument);
  EXPECT_THROW(explicit_attention(x, at::zeros({1, 4, 8}), x, false), InvalidArgument);
  EXPECT_THROW(explicit_attention(x, at::zeros({3, 8}), at::zeros({3, 8}), true), InvalidArgument);
  EXPECT_THROW(explicit_attention(x, at::zeros({0, 8}), at::zeros({0, 8}), false), InvalidArgument);
  EXPECT_THROW(explicit_attention(x.to(at::kLong), x, x, false), InvalidArgument);
}

/// The published formula, one number at a time in fp64.
TEST(ExplicitGatedAttention, EqualsItsFormula) {
  seed_aten(3);
  const auto fp64 = at::TensorOptions(at::kDouble);
  const at::Tensor query = at::randn({3, 4}, fp64), key = at::randn({5, 4}, fp64);
  const at::Tensor value = at::randn({5, 2}, fp64), weight = at::randn({8}, fp64);
  const double bias = 0.4;
  const at::Tensor gate = pair_gate(query, key, weight, at::scalar_tensor(bias, fp64));
  const at::Tensor result = explicit_gated_attention(query, key, value, gate, true);
  const auto number = [](const at::Tensor& x, std::int64_t i, std::int64_t j) {
    return x[i][j].item<double>();
  };
  for (std::int64_t i = 0; i < 3; ++i) {
    double total = 0;
    double sums[2] = {};
    for (std::int64_t j = 0; j <= i + 2; ++j) {
      double logit = bias;
      double product = 0;
      for (std::int64_t c = 0; c < 4; ++c) {
        logit += weight[c].item<double>() * number(query, i, c) +
                 weight[4 + c].item<double>() * number(key, j, c);
        product += number(query, i, c) * number(key, j, c);
      }
      const double weight_ij = std::exp(product / (1 + std::exp(-logit)) / 2);
      total += weight_ij;
      for (std::int64_t c = 0; c < 2; ++c) sums[c] += weight_ij * number(value, j, c);
    }
    for (std::int64_t c = 0; c < 2; ++c) EXPECT_NEAR(number(result, i, c), sums[c] / total, 1e-12);
  }
}

TEST(ExplicitGatedAttention, IsDenseWhereTheGateIsOpenAndTheMeanWhereItIsShut) {
  seed_aten(4);
  const at::Tensor x = at::randn({2, 6, 8});
  const auto with = [&](double gate) {
    return explicit_gated_attention(x, x, x, at::full({2, 6, 6}, gate), false);
  };
  EXPECT_TRUE(at::allclose(with(1e4), explicit_attention(x, x, x, false), 1e-5, 1e-6));
  EXPECT_TRUE(at::allclose(with(-1e4), x.mean(1, true).expand_as(x), 1e-5, 1e-6));
}

TEST(ExplicitGatedAttention, IsDifferentiableInTheGate) {
  seed_aten(5);
  const at::Tensor x = at::randn({6, 8});
  const at::Tensor weight = at::randn({16}).requires_grad_();
  const at::Tensor bias = at::zeros({1}).requires_grad_();
  explicit_gated_attention(x, x, x, pair_gate(x, x, weight, bias), true).square().sum().backward();
  EXPECT_GT(weight.grad().abs().min().item<double>(), 0);
  EXPECT_NE(bias.grad().item<double>(), 0);
}

TEST(ExplicitGatedAttention, RefusesOtherShapes) {
  const at::Tensor x = at::zeros({6, 8});
  EXPECT_THROW(pair_gate(x, x, at::zeros({15}), at::zeros({1})), InvalidArgument);
  EXPECT_THROW(pair_gate(x, x, at::zeros({16}), at::zeros({2})), InvalidArgument);
  EXPECT_THROW(pair_gate(x, x, {}, at::zeros({1})), InvalidArgument);
  EXPECT_THROW(explicit_gated_attention(x, x, x, at::zeros({6, 5}), true), InvalidArgument);
  EXPECT_THROW(explicit_gated_attention(x, x, x, {}, true), InvalidArgument);
}

}  // namespace
}  // namespace hadal::dao
