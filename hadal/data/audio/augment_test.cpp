#include "hadal/data/audio/augment.h"

#include "hadal/core/error.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

namespace hadal::data {
namespace {

at::Tensor lengths_of(std::int64_t count, std::int64_t length) {
  return at::ones({count}, at::kLong) * length;
}

TEST(MaskFeatures, SetsBandsAndAStretchToZero) {
  Random random(1);
  const at::Tensor masked = mask_features(at::ones({200, 40, 30}), lengths_of(200, 30), random);
  // Whole rows and whole columns are gone, and nothing else.
  const at::Tensor rows = masked.sum(2).eq(0).sum(1);
  const at::Tensor columns = masked.sum(1).eq(0).sum(1);
  EXPECT_EQ(masked.sum().item<double>(), ((-rows + 40) * (-columns + 30)).sum().item<double>());
  EXPECT_EQ(rows.max().item<std::int64_t>(), 12);
  EXPECT_EQ(columns.max().item<std::int64_t>(), 8);
  EXPECT_EQ(rows.min().item<std::int64_t>(), 0);
  EXPECT_NEAR(rows.to(at::kDouble).mean().item<double>(), 6, 1);
  EXPECT_NEAR(columns.to(at::kDouble).mean().item<double>(), 4, 0.7);
}

TEST(MaskFeatures, LeavesMoreThanHalfOfAShortUtteranceAndItsInputAlone) {
  Random random(2);
  const at::Tensor features = at::ones({100, 40, 9});
  const at::Tensor masked = mask_features(features, lengths_of(100, 3), random);
  EXPECT_LE(masked.sum(1).eq(0).sum(1).max().item<std::int64_t>(), 1);
  EXPECT_TRUE(at::equal(features, at::ones({100, 40, 9})));
  EXPECT_NO_THROW(mask_features(at::ones({1, 1, 1}), lengths_of(1, 1), random));
}

TEST(MaskFeatures, FollowsItsRandomNumbers) {
  const at::Tensor features = at::ones({4, 40, 30});
  Random first(3), second(3), third(4);
  const at::Tensor masked = mask_features(features, lengths_of(4, 30), first);
  EXPECT_TRUE(at::equal(masked, mask_features(features, lengths_of(4, 30), second)));
  EXPECT_FALSE(at::equal(masked, mask_features(features, lengths_of(4, 30), third)));
}

TEST(MaskFeatures, RefusesLengthsThatDoNotFit) {
  Random random(5);
  EXPECT_THROW(mask_features(at::ones({2, 8, 9}), lengths_of(2, 10), random), InvalidArgument);
  EXPECT_THROW(mask_features(at::ones({2, 8, 9}), lengths_of(3, 9), random), InvalidArgument);
  EXPECT_THROW(mask_features(at::ones({8, 9}), lengths_of(8, 9), random), InvalidArgument);
}

}  // namespace
}  // namespace hadal::data
