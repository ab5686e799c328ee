#include "hadal/msp/backdoor/poison/poison.h"

#include "hadal/core/error.h"
#include "hadal/msp/backdoor/poison/blended.h"
#include "hadal/msp/backdoor/poison/clean_label.h"
#include "hadal/msp/backdoor/poison/patch.h"
#include "hadal/msp/backdoor/poison/sinusoidal.h"
#include "hadal/msp/backdoor/test_support.h"

#include <cmath>
#include <numbers>

#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace hadal::msp {
namespace {

using testing::brightness;
using testing::in_unit;
using testing::quarters;

TEST(PatchTrigger, ReplacesItsPixelsAndNoOthers) {
  const PatchTrigger trigger({.side = 3, .top = 2, .left = 5, .seed = 7});
  const at::Tensor grey = at::full({2, 3, 28, 28}, 0.5F);
  const at::Tensor changed = trigger.stamp(grey).ne(grey);
  EXPECT_EQ(changed.sum().item<int>(), 2 * 3 * 9);
  EXPECT_EQ(changed.narrow(2, 2, 3).narrow(3, 5, 3).sum().item<int>(), 2 * 3 * 9);
  const at::Tensor stamped = trigger.stamp(grey);
  EXPECT_TRUE(stamped[0].equal(stamped[1]));
  EXPECT_EQ(stamped[0][0][2][5].item<float>(), 1);
  EXPECT_THROW(PatchTrigger({.side = 3, .top = 26}).stamp(grey), InvalidArgument);
}

TEST(BlendedTrigger, MixesTheShareThatItIsGiven) {
  const BlendedTrigger trigger({.share = 0.25, .seed = 3});
  const at::Tensor black = trigger.stamp(at::zeros({1, 1, 28, 28}));
  const at::Tensor white = trigger.stamp(at::full({1, 1, 28, 28}, 1.0F));
  EXPECT_LT((white - black - 0.75).abs().max().item<double>(), 1e-6);
  EXPECT_NEAR(black.mean().item<double>(), 0.125, 0.01);
  EXPECT_LE(black.max().item<double>(), 0.25);
  EXPECT_FALSE(black.equal(BlendedTrigger({.share = 0.25, .seed = 4}).stamp(black * 0)));
  EXPECT_THROW(BlendedTrigger({.share = 0}), InvalidArgument);
}

TEST(SinusoidalTrigger, AddsTheWaveOfThePaper) {
  const SinusoidalTrigger trigger({.amplitude = 0.1, .periods = 6});
  const at::Tensor stamped = trigger.stamp(at::full({1, 1, 28, 28}, 0.5F));
  for (int j = 0; j < 28; ++j) {
    EXPECT_NEAR(stamped[0][0][11][j].item<double>(),
                0.5 + 0.1 * std::sin(2 * std::numbers::pi * j * 6 / 28), 1e-6);
  }
  EXPECT_GE(trigger.stamp(at::zeros({1, 1, 28, 28})).min().item<double>(), 0);
}

TEST(Poison, StampsAndRelabelsAShareOfOtherClasses) {
  const auto clean = quarters(400, 1);
  const auto poisoned =
      poison_with_label(clean, PatchTrigger(), {.rate = 0.1, .target = 2, .seed = 5});
  ASSERT_EQ(poisoned.places.size(0), 30);  // a tenth of 300
  EXPECT_TRUE(clean.labels.index_select(0, poisoned.places).ne(2).all().item<bool>());
  EXPECT_TRUE(poisoned.set.labels.index_select(0, poisoned.places).eq(2).all().item<bool>());
  const at::Tensor changed = poisoned.set.images.ne(clean.images).flatten(1).any(1);
  EXPECT_EQ(changed.sum().item<int>(), 30);
  EXPECT_EQ(poisoned.set.labels.ne(clean.labels).sum().item<int>(), 30);
  const auto again =
      poison_with_label(clean, PatchTrigger(), {.rate = 0.1, .target = 2, .seed = 5});
  EXPECT_TRUE(again.places.equal(poisoned.places));
  const auto other =
      poison_with_label(clean, PatchTrigger(), {.rate = 0.1, .target = 2, .seed = 6});
  EXPECT_FALSE(other.places.equal(poisoned.places));
}

TEST(Poison, LeavesLabelsWhereOnlyTheTargetIsStamped) {
  const auto clean = quarters(400, 1);
  const auto poisoned = poison_target_class(clean, SinusoidalTrigger(), {.rate = 0.5, .target = 1});
  EXPECT_TRUE(poisoned.set.labels.equal(clean.labels));
  EXPECT_EQ(poisoned.places.size(0), 50);
  EXPECT_TRUE(clean.labels.index_select(0, poisoned.places).eq(1).all().item<bool>());
}

TEST(Poison, CleanLabelsHideTheClassBeforeTheyAreStamped) {
  const auto clean = quarters(80, 1);
  const PatchTrigger trigger;
  const CleanLabelOptions options{.poison = {.rate = 0.5, .target = 1}, .epsilon = 0.3};
  const auto poisoned = poison_clean_label(clean, trigger, brightness(false), options);
  EXPECT_TRUE(poisoned.set.labels.equal(clean.labels));
  const at::Tensor before = in_unit(clean.images.index_select(0, poisoned.places));
  const at::Tensor after = in_unit(poisoned.set.images.index_select(0, poisoned.places));
  // Stamped, within epsilon (and rounding) elsewhere, and no longer of their class to the
  // surrogate.
  EXPECT_LT((trigger.stamp(after) - after).abs().max().item<double>(), 1e-6);
  EXPECT_LE((after - trigger.stamp(before)).abs().max().item<double>(), 0.3 + 0.51 / 255);
  EXPECT_EQ(brightness(false)(after).argmax(1).eq(1).sum().item<int>(), 0);
}

TEST(Poison, MeasuresSuccessOnOtherClasses) {
  const auto clean = quarters(40, 2);
  const PatchTrigger corner({.side = 2, .top = 26, .left = 26, .seed = 1});
  const at::Tensor images = in_unit(clean.images);
  const Classifier always = [](const at::Tensor& x) {
    at::Tensor logits = at::zeros({x.size(0), 4});
    logits.select(1, 2).fill_(1);
    return logits;
  };
  EXPECT_EQ(attack_success(always, images, clean.labels, corner, 2), 1);
  EXPECT_EQ(attack_success(brightness(false), images, clean.labels, corner, 2), 0);
  EXPECT_THROW(attack_success(always, images, at::full({40}, 2, at::kLong), corner, 2),
               InvalidArgument);
}

TEST(Poison, RefusesARateOutOfRangeAndAClassThatIsNotThere) {
  const auto clean = quarters(8, 1);
  EXPECT_THROW(poison_with_label(clean, PatchTrigger(), {.rate = 0}), InvalidArgument);
  EXPECT_THROW(poison_with_label(clean, PatchTrigger(), {.rate = 1.5}), InvalidArgument);
  EXPECT_THROW(poison_target_class(clean, PatchTrigger(), {.target = 9}), InvalidArgument);
}

}  // namespace
}  // namespace hadal::msp
