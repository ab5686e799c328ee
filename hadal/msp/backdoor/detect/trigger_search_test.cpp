#include "hadal/core/error.h"
#include "hadal/msp/backdoor/detect/neural_cleanse.h"
#include "hadal/msp/backdoor/detect/trigger_generator.h"
#include "hadal/msp/backdoor/test_support.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace hadal::msp {
namespace {

using testing::brightness;
using testing::in_unit;
using testing::quarters;

Suspect suspect(bool has_backdoor) {
  return {.classifier = brightness(has_backdoor),
          .classes = 4,
          .images = in_unit(quarters(64, 3).images)};
}

/// Batches are as large as the set: of the smallest trigger that turns all of a few images, some
/// others are not turned.
template <class SomeDetector>
void expect_found(const SomeDetector& detector, double most) {
  const Evidence evidence = detector.look(suspect(true));
  ASSERT_EQ(evidence.scores.size(), 4U);
  EXPECT_EQ(std::ranges::max_element(evidence.scores) - evidence.scores.begin(), 2);
  const ReversedTrigger& found = evidence.triggers[2];
  EXPECT_LT(found.size, most);
  EXPECT_GT(found.success, 0.95);
  for (const std::size_t k : {0U, 1U, 3U}) {
    EXPECT_GT(evidence.triggers[k].size, 2 * found.size) << detector.name() << k;
  }
  // Nothing of the kind without the backdoor.
  EXPECT_GT(detector.look(suspect(false)).triggers[2].size, 2 * found.size);
}

TEST(NeuralCleanse, FindsTheFewPixelsThatTurnImages) {
  expect_found(NeuralCleanse({.steps = 150, .batch = 64}), 6);
}

TEST(TriggerGenerator, FindsASmallChangeThatTurnsImages) {
  expect_found(TriggerGenerator({.steps = 150, .batch = 64}), 2.5);
}

TEST(NeuralCleanse, PointsAtTheTriggersPlace) {
  const Evidence evidence = NeuralCleanse({.steps = 150, .batch = 16}).look(suspect(true));
  const at::Tensor picture = evidence.triggers[2].picture[0];
  EXPECT_GT(picture.narrow(0, 26, 2).narrow(1, 26, 2).mean().item<double>(),
            20 * picture.mean().item<double>());
}

TEST(TriggerSearch, GivesTheSameForTheSameSeed) {
  const auto look = [](std::uint64_t seed) {
    return TriggerGenerator({.steps = 10, .batch = 8, .seed = seed}).look(suspect(true));
  };
  const Evidence first = look(1), again = look(1), other = look(2);
  EXPECT_TRUE(first.triggers[0].picture.equal(again.triggers[0].picture));
  EXPECT_FALSE(first.triggers[0].picture.equal(other.triggers[0].picture));
}

TEST(TriggerSearch, CallsATriggerThatIsNotFoundAsLargeAsCanBe) {
  Suspect stubborn = suspect(false);
  // Class 3 is never given.
  stubborn.classifier = [](const at::Tensor& x) {
    at::Tensor logits = brightness(false)(x);
    return logits - at::arange(4).eq(3).to(at::kFloat) * 1000;
  };
  const Evidence masks = NeuralCleanse({.steps = 20, .batch = 8}).look(stubborn);
  EXPECT_EQ(masks.triggers[3].size, 28 * 28);
  EXPECT_EQ(masks.triggers[3].success, 0);
}

TEST(TriggerSearch, RefusesOptionsOutOfRange) {
  EXPECT_THROW(NeuralCleanse({.steps = 0}), InvalidArgument);
  EXPECT_THROW(NeuralCleanse({.success = 1.1}), InvalidArgument);
  EXPECT_THROW(TriggerGenerator({.batch = 6}), InvalidArgument);
  EXPECT_THROW(NeuralCleanse().look({.classifier = brightness(false)}), InvalidArgument);
}

}  // namespace
}  // namespace hadal::msp
