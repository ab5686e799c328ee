#include "hadal/core/flops.h"

#include <functional>

#include <ATen/TensorOperators.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/conv_transpose2d.h>
#include <ATen/ops/dot.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/mv.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <gtest/gtest.h>

namespace hadal {
namespace {

double flops_of(const std::function<void()>& work) {
  const FlopCounter counter;
  work();
  return counter.flops();
}

at::Tensor parameter(at::IntArrayRef shape) { return at::ones(shape).requires_grad_(true); }

TEST(FlopCounter, CountsMatrixProducts) {
  const at::Tensor a = at::ones({3, 5});
  const at::Tensor b = at::ones({5, 7});
  EXPECT_EQ(flops_of([&] { at::matmul(a, b); }), 2 * 3 * 5 * 7);
  EXPECT_EQ(flops_of([&] { at::addmm(at::ones({3, 7}), a, b); }), 2 * 3 * 5 * 7);
  EXPECT_EQ(flops_of([&] { at::matmul(at::ones({2, 4, 3, 5}), at::ones({2, 4, 5, 7})); }),
            2 * 8 * 3 * 5 * 7);
  EXPECT_EQ(flops_of([&] { at::mv(a, at::ones({5})); }), 2 * 3 * 5);
  EXPECT_EQ(flops_of([&] { at::dot(at::ones({5}), at::ones({5})); }), 2 * 5);
}

TEST(FlopCounter, CountsALinearLayerOnce) {
  const at::Tensor x = at::ones({2, 3, 5});
  const at::Tensor weight = at::ones({7, 5});
  EXPECT_EQ(flops_of([&] { at::linear(x, weight); }), 2 * 6 * 5 * 7);
  EXPECT_EQ(flops_of([&] { at::linear(x, weight, at::ones({7})); }), 2 * 6 * 5 * 7);
}

TEST(FlopCounter, CountsTheBackwardPass) {
  const at::Tensor x = parameter({4, 5});
  const at::Tensor weight = parameter({7, 5});
  EXPECT_EQ(flops_of([&] { at::linear(x, weight).sum().backward(); }), 3 * 2 * 4 * 5 * 7);
  const at::Tensor fixed = at::ones({4, 5});
  EXPECT_EQ(flops_of([&] { at::linear(fixed, weight).sum().backward(); }), 2 * 2 * 4 * 5 * 7);
}

TEST(FlopCounter, CountsConvolutions) {
  const at::Tensor x = at::ones({2, 6, 9, 11});
  // 5 rows and 4 columns come out, of 8 channels, each of 3 x 3 x 6 products.
  const auto forward = [&](const at::Tensor& weight) {
    return at::conv2d(x, weight, {}, at::IntArrayRef{2, 3}, at::IntArrayRef{1, 1});
  };
  const double flops = 2.0 * 2 * 8 * 5 * 4 * (3 * 3 * 6);
  EXPECT_EQ(flops_of([&] { forward(at::ones({8, 6, 3, 3})); }), flops);
  // The gradient of the weight alone.
  EXPECT_EQ(flops_of([&] { forward(parameter({8, 6, 3, 3})).sum().backward(); }), 2 * flops);
}

TEST(FlopCounter, CountsGroupedDilatedAndTransposedConvolutions) {
  const at::Tensor x = at::ones({1, 6, 9, 9});
  const auto grouped = [&](const at::Tensor& weight, std::int64_t padding, std::int64_t dilation,
                           std::int64_t groups) {
    return at::conv2d(x, weight, {}, at::IntArrayRef{1, 1}, at::IntArrayRef{padding, padding},
                      at::IntArrayRef{dilation, dilation}, groups);
  };
  EXPECT_EQ(flops_of([&] { grouped(at::ones({6, 1, 3, 3}), 1, 1, 6); }), 2 * 6 * 81 * 9);
  EXPECT_EQ(flops_of([&] { grouped(at::ones({4, 6, 3, 3}), 0, 2, 1); }), 2 * 4 * 25 * 54);
  EXPECT_EQ(flops_of([&] { at::conv_transpose2d(x, at::ones({6, 4, 2, 2}), {}, {2, 2}); }),
            2 * 6 * 81 * (4 * 4));
}

TEST(FlopCounter, CountsTheVisiblePairsOfAttention) {
  const auto attend = [](const at::Tensor& query, std::int64_t keys, bool causal) {
    const at::Tensor other = at::ones({2, 3, keys, 8});
    return at::scaled_dot_product_attention(query, other, other, {}, 0.0, causal);
  };
  const at::Tensor query = at::ones({2, 3, 16, 8});
  EXPECT_EQ(flops_of([&] { attend(query, 20, false); }), 4 * 6 * 8 * 16 * 20);
  EXPECT_EQ(flops_of([&] { attend(query, 16, true); }), 4 * 6 * 8 * (16 * 17 / 2));
  EXPECT_EQ(flops_of([&] { attend(parameter({2, 3, 16, 8}), 16, true).sum().backward(); }),
            14 * 6 * 8 * (16 * 17 / 2));
}

TEST(FlopCounter, NestsAndEndsWithItsScope) {
  const at::Tensor a = at::ones({2, 2});
  const FlopCounter outer;
  at::matmul(a, a);
  EXPECT_EQ(flops_of([&] { at::matmul(a, a); }), 16);
  EXPECT_EQ(outer.flops(), 32);
  at::matmul(a, a);
  EXPECT_EQ(outer.flops(), 48);
}

TEST(FlopCounter, LeavesElementwiseWorkOut) {
  EXPECT_EQ(flops_of([] { (at::ones({8}) + at::ones({8})).exp().sum(); }), 0);
}

}  // namespace
}  // namespace hadal
