#include "hadal/msp/evaluate/robustness.h"

#include "hadal/core/error.h"
#include "hadal/msp/attack/fgsm.h"
#include "hadal/msp/attack/pgd.h"
#include "hadal/msp/attack/square.h"
#include "hadal/msp/attack/test_support.h"

#include <ATen/ops/equal.h>
#include <ATen/ops/zeros.h>

namespace hadal::msp {
namespace {

using testing::count;

class RobustnessTest : public ::testing::Test {
 protected:
  static std::vector<std::shared_ptr<const Attack>> attacks() {
    const Threat threat{.epsilon = 0.03};
    return {std::make_shared<Fgsm>(FgsmOptions{.threat = threat}),
            std::make_shared<Square>(SquareOptions{.threat = threat, .queries = 40}),
            std::make_shared<Pgd>(PgdOptions{.threat = threat, .step_size = 0.01})};
  }
  /// Those of the classifier, but for the first five.
  at::Tensor labels() const {
    const at::Tensor labels = testing::predicted(classifier_, inputs_);
    labels.slice(0, 0, 5).add_(1).remainder_(5);
    return labels;
  }
  Classifier classifier_ = testing::bent(41);
  at::Tensor inputs_ = testing::random_images(50, 42, at::kDouble);
};

TEST_F(RobustnessTest, IsThatUnderTheStrongestAttackOnEachInput) {
  const Robustness robustness = evaluate_robustness(classifier_, inputs_, labels(), attacks());
  EXPECT_EQ(robustness.accuracy.count, 45);
  EXPECT_EQ(robustness.accuracy.of, 50);
  at::Tensor broken = at::zeros({50}, at::kBool);
  for (std::size_t i = 0; i < 3; ++i) {
    const AttackResult alone = attacks()[i]->run(classifier_, inputs_, {.labels = labels()});
    EXPECT_TRUE(at::equal(robustness.attacks[i].broken, alone.success));
    EXPECT_EQ(robustness.attacks[i].robust.count, 50 - count(alone.success));
    EXPECT_EQ(robustness.attacks[i].effort.forwards, alone.effort.forwards);
    broken = broken.logical_or(alone.success);
  }
  EXPECT_TRUE(at::equal(robustness.broken, broken));
  EXPECT_EQ(robustness.worst.count, 50 - count(broken));
  EXPECT_LE(robustness.worst.interval.low, robustness.worst.value);
  EXPECT_GE(robustness.worst.interval.high, robustness.worst.value);
}

TEST_F(RobustnessTest, AsksLessOfTheClassifierInACascade) {
  const Robustness all = evaluate_robustness(classifier_, inputs_, labels(), attacks());
  const Robustness left =
      evaluate_robustness(classifier_, inputs_, labels(), attacks(), Cascade::left);
  EXPECT_EQ(left.accuracy.count, all.accuracy.count);
  EXPECT_LE(left.attacks[1].robust.count, left.attacks[0].robust.count);
  EXPECT_EQ(left.attacks[2].robust.count, left.worst.count);
  EXPECT_LT(left.attacks[2].effort.forwards, all.attacks[2].effort.forwards);
}

TEST_F(RobustnessTest, NeverRisesOverEpsilon) {
  const auto at_epsilon = [](double epsilon) {
    return std::make_shared<Fgsm>(FgsmOptions{.threat = {.epsilon = epsilon}});
  };
  const auto curve =
      robustness_curve(classifier_, inputs_, labels(), {0, 0.01, 0.03, 0.1, 0.6}, at_epsilon);
  ASSERT_EQ(curve.size(), 5U);
  EXPECT_EQ(curve[0].robust.count, 45);
  for (std::size_t i = 1; i < curve.size(); ++i) {
    EXPECT_LE(curve[i].robust.count, curve[i - 1].robust.count);
  }
  EXPECT_LT(curve[2].robust.count, 45);
  EXPECT_THROW(robustness_curve(classifier_, inputs_, labels(), {0.1, 0.1}, at_epsilon),
               InvalidArgument);
}

TEST_F(RobustnessTest, NeedsAnAttack) {
  EXPECT_THROW(evaluate_robustness(classifier_, inputs_, labels(), {}), InvalidArgument);
}

}  // namespace
}  // namespace hadal::msp
