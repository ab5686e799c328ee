#include "hadal/msp/evaluate/verdict.h"

#include "hadal/core/error.h"
#include "hadal/msp/attack/auto_attack.h"
#include "hadal/msp/attack/fgsm.h"
#include "hadal/msp/attack/test_support.h"

namespace hadal::msp {
namespace {

class VerdictTest : public ::testing::Test {
 protected:
  RobustnessVerdict judge(const Classifier& classifier, VerdictAttacks attacks) const {
    return judge_robustness(classifier, inputs_, labels_, {.threat = threat_, .attacks = attacks});
  }
  Threat threat_{.epsilon = 0.02};
  Classifier honest_ = testing::bent(71);
  at::Tensor inputs_ = testing::random_images(20, 72, at::kDouble);
  at::Tensor labels_ = testing::predicted(honest_, inputs_);
};

TEST_F(VerdictTest, IsThatOfTheStrongestAttack) {
  const RobustnessVerdict verdict = judge(honest_, VerdictAttacks::auto_attack);
  const auto alone = [&](const Attack& attack) {
    return testing::count(attack.run(honest_, inputs_, {.labels = labels_}).success);
  };
  EXPECT_EQ(verdict.fgsm_success.count, alone(Fgsm({.threat = threat_})));
  EXPECT_EQ(verdict.any_success.count, alone(AutoAttack(threat_)));
  EXPECT_EQ(verdict.any_success.of, 20);
  EXPECT_EQ(verdict.robustness.attacks.size(), 5U);
  EXPECT_TRUE(verdict.passed());
  EXPECT_NE(verdict.text().find("robust accuracy: "), std::string::npos);
}

TEST_F(VerdictTest, LeavesOutTheSlowPartsWhereAsked) {
  const RobustnessVerdict verdict = judge(honest_, VerdictAttacks::apgd);
  EXPECT_EQ(verdict.robustness.attacks.size(), 3U);
  EXPECT_EQ(verdict.robustness.attacks.back().name, "apgd-t");
  EXPECT_EQ(judge(honest_, VerdictAttacks::pgd).robustness.attacks.back().name, "pgd");
  EXPECT_EQ(parse_verdict_attacks("autoattack"), VerdictAttacks::auto_attack);
  EXPECT_THROW(parse_verdict_attacks("hope"), InvalidArgument);
}

// However few inputs attacks with gradients break.
TEST_F(VerdictTest, FailsAClassifierThatHidesItsGradients) {
  const RobustnessVerdict verdict = judge(
      [&](const at::Tensor& x) { return honest_((x * 32).round() / 32); }, VerdictAttacks::pgd);
  EXPECT_FALSE(verdict.passed());
  EXPECT_NE(verdict.text().find("FAILED"), std::string::npos);
}

}  // namespace
}  // namespace hadal::msp
