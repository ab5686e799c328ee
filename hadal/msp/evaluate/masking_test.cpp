#include "hadal/msp/evaluate/masking.h"

#include "hadal/core/error.h"
#include "hadal/msp/attack/test_support.h"

#include <set>

#include <ATen/ops/equal.h>

namespace hadal::msp {
namespace {

class MaskingTest : public ::testing::Test {
 protected:
  std::set<std::string> failed(const Classifier& classifier) const {
    const at::Tensor labels = testing::predicted(classifier, inputs_);
    const MaskingReport report = check_masking(
        classifier, inputs_, labels, {.threat = {.epsilon = 0.05}, .steps = 20, .queries = 300});
    std::set<std::string> names;
    for (const MaskingCheck& check : report.checks) {
      if (!check.passed) names.insert(check.name);
    }
    EXPECT_EQ(report.checks.size(), 5U);
    EXPECT_EQ(report.passed(), names.empty());
    return names;
  }

  Classifier honest_ = testing::bent(51);
  at::Tensor inputs_ = testing::random_images(40, 52, at::kDouble);
};

TEST_F(MaskingTest, PassesAClassifierThatMasksNothing) {
  EXPECT_EQ(failed(honest_), std::set<std::string>());
}

// The gradient of rounding is 0.
TEST_F(MaskingTest, FailsOneThatRoundsItsInputs) {
  const auto names = failed([&](const at::Tensor& x) { return honest_((x * 32).round() / 32); });
  EXPECT_TRUE(names.contains("gradients"));
  EXPECT_TRUE(names.contains("black box"));
  EXPECT_TRUE(names.contains("unbounded"));
}

// The value of the honest one with a gradient that points down.
TEST_F(MaskingTest, FailsOneWhoseGradientsPointAway) {
  const auto names = failed([&](const at::Tensor& x) {
    const at::Tensor logits = honest_(x);
    return logits.detach() * 2 - logits;
  });
  EXPECT_TRUE(names.contains("surface"));
  EXPECT_TRUE(names.contains("black box"));
}

// Useful gradients at the clean inputs alone, so that one step is better than many.
TEST_F(MaskingTest, FailsOneThatMisleadsAfterTheFirstStep) {
  const auto names = failed([&](const at::Tensor& x) {
    const at::Tensor logits = honest_(x);
    if (x.size(0) == inputs_.size(0) && at::equal(x.detach(), inputs_)) return logits;
    return logits.detach() * 2 - logits;
  });
  EXPECT_TRUE(names.contains("steps"));
  EXPECT_FALSE(names.contains("surface"));
}

// Gradients vanish in fp32 where the softmax is saturated.
TEST_F(MaskingTest, FailsOneThatSaturates) {
  const Classifier saturated = [&](const at::Tensor& x) { return honest_(x) * 1e4; };
  inputs_ = inputs_.to(at::kFloat);
  EXPECT_TRUE(failed(saturated).contains("gradients"));
}

TEST_F(MaskingTest, NeedsInputsThatAreRight) {
  const at::Tensor wrong = (testing::predicted(honest_, inputs_) + 1).remainder(5);
  EXPECT_THROW(check_masking(honest_, inputs_, wrong), InvalidArgument);
}

}  // namespace
}  // namespace hadal::msp
