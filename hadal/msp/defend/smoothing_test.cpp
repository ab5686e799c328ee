#include "hadal/msp/defend/smoothing.h"

#include "hadal/core/error.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace hadal::msp {
namespace {

/// Class 1 where the first element is above 0: of x + N(0, sigma^2) with probability
/// Phi(x / sigma), so that the radius is at most the distance x from the boundary.
at::Tensor half_space(const at::Tensor& x) {
  const at::Tensor first = x.flatten(1).select(1, 0);
  return at::stack({-first, first}, 1);
}

at::Tensor points(std::initializer_list<double> firsts) {
  at::Tensor inputs = at::zeros({static_cast<std::int64_t>(firsts.size()), 1, 2, 2});
  std::int64_t i = 0;
  for (const double first : firsts) inputs[i++][0][0][0] = first;
  return inputs;
}

TEST(Smoothing, CertifiesNearlyTheDistanceFromAHalfSpace) {
  const SmoothingOptions options{.sigma = 0.5, .samples = 20'000, .seed = 2};
  const Certificates all = certify(half_space, points({0.4, -0.7, 0.001}), options);
  EXPECT_EQ(all.classes[0].item<int>(), 1);
  EXPECT_EQ(all.classes[1].item<int>(), 0);
  for (const auto& [row, distance] : {std::pair{0, 0.4}, std::pair{1, 0.7}}) {
    EXPECT_LE(all.radii[row].item<double>(), distance);
    EXPECT_GT(all.radii[row].item<double>(), distance - 0.05);
  }
  EXPECT_EQ(all.classes[2].item<int>(), -1);
  EXPECT_EQ(all.radii[2].item<double>(), 0);
}

// With all of n samples in the class the radius is sigma * quantile(error^(1/n)).
TEST(Smoothing, CannotCertifyMoreThanItsSamplesAllow) {
  const SmoothingOptions options{.sigma = 0.25, .samples = 100, .error = 0.001};
  const Certificates sure = certify(half_space, points({100}), options);
  const double expected = 0.25 * 1.5004750241;  // SciPy: norm.ppf(0.001 ** 0.01)
  EXPECT_NEAR(sure.radii[0].item<double>(), expected, 1e-5);
}

TEST(Smoothing, DrawsForAnInputByItsPlaceAlone) {
  SmoothingOptions options{.sigma = 0.5, .samples = 500, .batch = 500, .seed = 4};
  const at::Tensor inputs = points({0.1, 0.3});
  const at::Tensor whole = certify(half_space, inputs, options).radii;
  options.batch = 37;
  EXPECT_TRUE(at::equal(certify(half_space, inputs, options).radii, whole));
  EXPECT_TRUE(
      at::equal(certify(half_space, inputs.narrow(0, 0, 1), options).radii, whole.narrow(0, 0, 1)));
}

TEST(Smoothing, AbstainsFromPredictionsThatAreClose) {
  const at::Tensor classes =
      predict_smoothed(half_space, points({0.5, 0.0, -0.5}), {.sigma = 0.25, .seed = 1});
  EXPECT_TRUE(at::equal(classes, at::tensor({1L, -1L, 0L})));
}

TEST(Smoothing, CountsWhatIsRightForCertain) {
  const Certificates all{.classes = at::tensor({1L, 0L, 2L, -1L}),
                         .radii = at::tensor({0.5, 0.4, 0.9, 0.0}, at::kDouble)};
  const at::Tensor labels = at::tensor({1L, 0L, 1L, 1L});
  EXPECT_EQ(certified_accuracy(all, labels, 0).count, 2);
  EXPECT_EQ(certified_accuracy(all, labels, 0.45).count, 1);
  EXPECT_EQ(certified_accuracy(all, labels, 0.45).of, 4);
}

TEST(Smoothing, RefusesOptionsOutOfRange) {
  EXPECT_THROW(certify(half_space, points({1}), {.sigma = 0}), InvalidArgument);
  EXPECT_THROW(certify(half_space, points({1}), {.samples = 0}), InvalidArgument);
  EXPECT_THROW(certify(half_space, points({1}), {.error = 1}), InvalidArgument);
  EXPECT_THROW(certify(half_space, at::zeros({2}), {}), InvalidArgument);
}

}  // namespace
}  // namespace hadal::msp
