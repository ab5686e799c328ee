#include "hadal/dao/explicit_attention.h"

#include "hadal/core/error.h"
#include "hadal/core/random.h"

#include <cmath>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
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

}  // namespace
}  // namespace hadal::dao
