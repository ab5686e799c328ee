#include "hadal/msp/attack/stand_in.h"

#include "hadal/core/error.h"
#include "hadal/msp/attack/pgd.h"
#include "hadal/msp/attack/test_support.h"

#include <ATen/ops/equal.h>
#include <ATen/ops/rand_like.h>

namespace hadal::msp {
namespace {

using testing::count;

class StandInTest : public ::testing::Test {
 protected:
  std::shared_ptr<const Attack> pgd(bool early_stop = true) const {
    return std::make_shared<Pgd>(
        PgdOptions{.threat = threat_, .steps = 20, .step_size = 0.01, .early_stop = early_stop});
  }
  std::int64_t broken(const Attack& attack, const Classifier& classifier) const {
    return count(attack.run(classifier, inputs_, {.labels = labels_}, {.seed = 3}).success);
  }
  Threat threat_{.epsilon = 0.05};
  Classifier honest_ = testing::bent(81);
  at::Tensor inputs_ = testing::random_images(40, 82, at::kDouble);
  at::Tensor labels_ = testing::predicted(honest_, inputs_);
  /// Rounds what it sees, to the same class for the clean inputs or nearly so.
  Classifier rounding_ = [this](const at::Tensor& x) { return honest_((x * 64).round() / 64); };
};

TEST_F(StandInTest, TransfersToWhatHidesItsGradients) {
  EXPECT_LE(broken(*pgd(), rounding_), 10);
  const auto transferred = transfer_attack(pgd(false), honest_);
  EXPECT_EQ(transferred->name(), "transferred pgd");
  EXPECT_GT(broken(*transferred, rounding_), 30);
}

TEST_F(StandInTest, GoesStraightThroughWhatHasNoGradient) {
  const auto through = [this](const Classifier&) -> Classifier {
    return [this](const at::Tensor& x) {
      return honest_(straight_through(
          x, [](const at::Tensor& y) { return (y * 64).round() / 64; },
          [](const at::Tensor& y) { return y; }));
    };
  };
  EXPECT_GT(broken(StandInAttack("bpda", pgd(), through), rounding_), 30);
}

TEST_F(StandInTest, StraightThroughHasTheValueOfOneAndTheGradientOfTheOther) {
  const at::Tensor x = at::rand({3, 4}, at::kDouble).requires_grad_();
  const at::Tensor y = straight_through(
      x, [](const at::Tensor& z) { return z.round(); }, [](const at::Tensor& z) { return z * 3; });
  EXPECT_TRUE(at::equal(y.detach(), x.detach().round()));
  y.sum().backward();
  EXPECT_TRUE(at::equal(x.grad(), at::rand_like(x).fill_(3)));
}

// Its values are those of the honest one, but noise drowns each single gradient.
TEST_F(StandInTest, FollowsTheExpectationOfARandomClassifier) {
  const Classifier noisy = [this](const at::Tensor& x) {
    const at::Tensor logits = honest_(x);
    const at::Tensor noise =
        (x * at::randn(x.sizes(), x.options()) * 100).flatten(1).sum(1, /*keepdim=*/true);
    return logits + (noise - noise.detach()) * at::randn(logits.sizes(), x.options());
  };
  const auto few_steps = std::make_shared<Pgd>(
      PgdOptions{.threat = threat_, .steps = 3, .step_size = 0.03, .random_start = false});
  at::manual_seed(5);
  const std::int64_t single = broken(*few_steps, noisy);
  EXPECT_GT(broken(*expectation_attack(few_steps, 200), noisy), single + 5);
}

TEST_F(StandInTest, CountsTheEffortOnTheStandIn) {
  const AttackResult result =
      transfer_attack(pgd(false), honest_)->run(rounding_, inputs_, {.labels = labels_});
  EXPECT_GE(result.effort.gradients, 20 * count(result.already.logical_not()));
}

TEST_F(StandInTest, RefusesWhatItCannotRun) {
  EXPECT_THROW(transfer_attack(nullptr, honest_), InvalidArgument);
  EXPECT_THROW(expectation_attack(pgd(), 0), InvalidArgument);
}

}  // namespace
}  // namespace hadal::msp
