#include "hadal/data/generate/glyphs.h"

#include "hadal/core/error.h"
#include "hadal/core/random.h"

#include <string>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/ops/bincount.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/linalg_solve.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/one_hot.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/relu.h>
#include <gtest/gtest.h>

namespace hadal::data {
namespace {

TEST(GenerateGlyphs, GivesBytesAndBalancedLabels) {
  const auto glyphs = generate_glyphs(103, 1);
  EXPECT_EQ(glyphs.images.sizes(), (std::vector<std::int64_t>{103, 1, 28, 28}));
  EXPECT_EQ(glyphs.images.scalar_type(), at::kByte);
  EXPECT_EQ(glyphs.labels.scalar_type(), at::kLong);
  const auto counts = at::bincount(glyphs.labels, {}, 10);
  EXPECT_EQ(counts.size(0), 10);
  EXPECT_EQ(counts.min().item<std::int64_t>(), 10);
  EXPECT_EQ(counts.max().item<std::int64_t>(), 11);
}

TEST(GenerateGlyphs, DependsOnTheSeedOnly) {
  const auto glyphs = generate_glyphs(50, 1);
  EXPECT_TRUE(at::equal(glyphs.images, generate_glyphs(50, 1).images));
  EXPECT_TRUE(at::equal(glyphs.labels, generate_glyphs(50, 1).labels));
  EXPECT_FALSE(at::equal(glyphs.images, generate_glyphs(50, 2).images));
}

TEST(GenerateGlyphs, DrawsLightStrokesInsideTheImage) {
  const at::Tensor images = generate_glyphs(500, 3).images.to(at::kFloat) / 255;
  const at::Tensor mean = images.mean(0)[0];
  const double border = (mean[0].mean() + mean[27].mean()).item<double>() / 2;
  EXPECT_GT(mean.slice(0, 10, 18).slice(1, 10, 18).mean().item<double>(), border + 0.1);
  // Anti-aliased and noisy: nearly all grey levels occur.
  EXPECT_GT((at::bincount((images * 255).to(at::kLong).flatten(), {}, 256) > 0)
                .sum()
                .item<std::int64_t>(),
            250);
}

TEST(GenerateGlyphs, AcceptsNoneAndRefusesNegativeCounts) {
  EXPECT_EQ(generate_glyphs(0, 1).images.size(0), 0);
  EXPECT_THROW(generate_glyphs(-1, 1), InvalidArgument);
}

/// Test accuracy of ridge regression from `features` [n, f] to the classes, the first `train` for
/// training.
double ridge_accuracy(const at::Tensor& features, const at::Tensor& labels, std::int64_t train,
                      double ridge) {
  const at::Tensor x = at::cat({features, at::ones({features.size(0), 1})}, 1);
  const at::Tensor known = x.narrow(0, 0, train);
  const at::Tensor targets = at::one_hot(labels.narrow(0, 0, train), 10).to(at::kFloat);
  const at::Tensor gram = known.t().matmul(known) + ridge * at::eye(x.size(1));
  const at::Tensor weights = at::linalg_solve(gram, known.t().matmul(targets));
  const at::Tensor guesses = x.slice(0, train).matmul(weights).argmax(1);
  return (guesses == labels.slice(0, train)).to(at::kFloat).mean().item<double>();
}

// Random filters stand for a convolutional network here: they make a lower bound of what it learns.
TEST(GenerateGlyphs, AreHardForALinearClassifierAndEasierWithConvolutions) {
  const auto glyphs = generate_glyphs(5000, 4);
  const at::Tensor images = glyphs.images.to(at::kFloat) / 255;
  seed_aten(1);
  const at::Tensor maps = at::conv2d(images - images.mean(), 0.3 * at::randn({96, 1, 7, 7}));
  const at::Tensor pooled = at::max_pool2d(at::relu(maps), {5, 5}).flatten(1);
  const double linear = ridge_accuracy(images.flatten(1), glyphs.labels, 4000, 10);
  const double convolutional = ridge_accuracy(pooled, glyphs.labels, 4000, 10);
  RecordProperty("linear", std::to_string(linear));
  RecordProperty("convolutional", std::to_string(convolutional));
  EXPECT_LT(linear, 0.8);
  EXPECT_GT(convolutional, linear + 0.05);
}

}  // namespace
}  // namespace hadal::data
