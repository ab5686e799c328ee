#include "hadal/msp/attack/attack.h"

#include "hadal/core/error.h"
#include "hadal/msp/attack/all_attacks.h"
#include "hadal/msp/attack/test_support.h"

#include <limits>

#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/zeros.h>

namespace hadal::msp {
namespace {

using testing::bent;
using testing::count;
using testing::predicted;
using testing::random_images;

constexpr std::int64_t kCount = 24;

class EveryAttack : public ::testing::TestWithParam<testing::NamedAttack> {
 protected:
  const Attack& attack() const { return *GetParam().second; }
  Classifier classifier_ = bent(11);
  at::Tensor inputs_ = random_images(kCount, 12, at::kDouble);
  Goal goal_{.labels = predicted(classifier_, inputs_)};
};

TEST_P(EveryAttack, BreaksSomeInputsWithinTheBudget) {
  const AttackResult result = attack().run(classifier_, inputs_, goal_);
  testing::expect_within(attack().threat(), result.points, inputs_);
  EXPECT_GE(count(result.success), 2) << attack().name();
  EXPECT_LT(count(result.success), kCount);
  EXPECT_TRUE(at::equal(result.distance, distance(attack().threat().norm, result.points, inputs_)));
  const at::Tensor within = result.distance <= attack().threat().epsilon;
  EXPECT_TRUE(
      at::equal(result.success, goal_.reached(classifier_(result.points)).logical_and(within)));
}

TEST_P(EveryAttack, KeepsTheBudgetInSinglePrecision) {
  const at::Tensor inputs = inputs_.to(at::kFloat);
  const AttackResult result = attack().run(classifier_, inputs, goal_);
  EXPECT_EQ(result.points.scalar_type(), at::kFloat);
  testing::expect_within(attack().threat(), result.points, inputs);
}

TEST_P(EveryAttack, GivesTheSameForOneSeedWhateverTheBatch) {
  const AttackResult whole = attack().run(classifier_, inputs_, goal_, {.seed = 5});
  const AttackResult again = attack().run(classifier_, inputs_, goal_, {.seed = 5});
  EXPECT_TRUE(at::equal(whole.points, again.points));
  for (const std::int64_t batch : {1, 7}) {
    const AttackResult parts =
        attack().run(classifier_, inputs_, goal_, {.seed = 5, .batch = batch});
    EXPECT_TRUE(at::equal(whole.success, parts.success));
    EXPECT_TRUE(at::allclose(whole.points, parts.points, 1e-9, 1e-9));
  }
}

TEST_P(EveryAttack, LeavesWhatIsWrongAlreadyAsItIs) {
  Goal wrong = goal_;
  wrong.labels = goal_.labels.clone();
  wrong.labels.slice(0, 0, 10).add_(1).remainder_(5);
  const AttackResult result = attack().run(classifier_, inputs_, wrong, {.seed = 5});
  EXPECT_TRUE(result.success.slice(0, 0, 10).all().item<bool>());
  EXPECT_TRUE(at::equal(result.points.slice(0, 0, 10), inputs_.slice(0, 0, 10)));
  // And the others fare as they do among those that are right.
  const AttackResult right = attack().run(classifier_, inputs_, goal_, {.seed = 5});
  EXPECT_TRUE(at::allclose(result.points.slice(0, 10), right.points.slice(0, 10), 1e-9, 1e-9));
}

// Certified: no perturbation of these norms changes a class, as no logit moves by half their gap.
TEST_P(EveryAttack, FailsOnAClassifierThatIsRobust) {
  testing::Linear linear = testing::random_linear(5, 72, 13);
  linear.weights.mul_(1e-3);
  linear.biases.copy_(at::arange(5) * 2);
  const Goal goal{.labels = at::full({kCount}, 4, at::kLong)};
  const AttackResult result = attack().run(linear.classifier(), inputs_, goal);
  EXPECT_EQ(count(result.success), 0);
  testing::expect_within(attack().threat(), result.points, inputs_);
}

TEST_P(EveryAttack, FailsOnAConstantClassifier) {
  const Classifier constant = [](const at::Tensor& x) {
    return (x.flatten(1).sum(1, true) * 0).expand({-1, 5}) + at::arange(5, x.options());
  };
  const Goal goal{.labels = at::full({kCount}, 4, at::kLong)};
  const AttackResult result = attack().run(constant, inputs_, goal);
  EXPECT_EQ(count(result.success), 0);
  EXPECT_EQ(result.effort.zero_gradients, result.effort.gradients);
}

INSTANTIATE_TEST_SUITE_P(All, EveryAttack, ::testing::ValuesIn(testing::all_attacks()),
                         [](const auto& info) { return info.param.first; });

TEST(Attack, RefusesInputsThatDoNotFit) {
  const Fgsm fgsm;
  const Classifier classifier = bent(11);
  const Goal goal{.labels = at::zeros({2}, at::kLong)};
  const auto refuses = [&](const at::Tensor& inputs, const Goal& of) {
    EXPECT_THROW(fgsm.run(classifier, inputs, of), InvalidArgument);
  };
  const at::Tensor good = random_images(2, 1);
  refuses({}, goal);
  refuses(good.to(at::kLong), goal);
  refuses(good.slice(0, 0, 0), Goal{.labels = at::zeros({0}, at::kLong)});
  refuses(good * 2, goal);
  refuses(at::full_like(good, std::numeric_limits<double>::quiet_NaN()), goal);
  refuses(good, Goal{});
  refuses(good, Goal{.labels = at::zeros({3}, at::kLong)});
  refuses(good, Goal{.labels = at::full({2}, 5, at::kLong)});
  EXPECT_THROW(fgsm.run(classifier, good, goal, {.batch = 0}), InvalidArgument);
}

TEST(Attack, RefusesClassifiersThatGiveNoLogits) {
  const Goal goal{.labels = at::zeros({2}, at::kLong)};
  const at::Tensor inputs = random_images(2, 1);
  const Fgsm fgsm;
  EXPECT_THROW(fgsm.run([](const at::Tensor& x) { return x; }, inputs, goal), InvalidArgument);
  EXPECT_THROW(fgsm.run([](const at::Tensor&) { return at::Tensor(); }, inputs, goal),
               InvalidArgument);
  EXPECT_THROW(fgsm.run([](const at::Tensor& x) { return at::zeros({x.size(0), 3}); }, inputs,
                        Goal{.labels = at::zeros({2}, at::kLong)}),
               InvalidArgument);  // no gradient
  EXPECT_THROW(fgsm.run([](const at::Tensor& x) { return x.flatten(1) / 0 * 0; }, inputs, goal),
               Error);
}

TEST(Attack, StopsWhenAskedTo) {
  int left = 5;
  const auto stop = [&] {
    if (--left == 0) throw Interrupted("stop");
  };
  const at::Tensor inputs = random_images(2, 1);
  const Goal goal{.labels = predicted(bent(11), inputs)};
  EXPECT_THROW(Pgd({.early_stop = false}).run(bent(11), inputs, goal, {.check_interrupt = stop}),
               Interrupted);
}

TEST(Attack, RefusesOptionsOutOfRange) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_THROW(Fgsm({.threat = {.epsilon = infinity}}), InvalidArgument);
  EXPECT_THROW(Fgsm({.threat = {.epsilon = -1}}), InvalidArgument);
  EXPECT_THROW(Fgsm({.threat = {.low = 1, .high = 1}}), InvalidArgument);
  EXPECT_THROW(Pgd({.steps = 0}), InvalidArgument);
  EXPECT_THROW(Pgd({.step_size = 0}), InvalidArgument);
  EXPECT_THROW(Apgd({.threat = {.norm = Norm::l1}}), InvalidArgument);
  EXPECT_THROW(Apgd({.rho = 0}), InvalidArgument);
  EXPECT_THROW(Fab({.eta = 0.5}), InvalidArgument);
  EXPECT_THROW(Square({.queries = 0}), InvalidArgument);
  EXPECT_THROW(CarliniWagner({.threat = {.norm = Norm::linf}}), InvalidArgument);
  EXPECT_THROW(DeepFool({.threat = {.norm = Norm::l1}}), InvalidArgument);
  EXPECT_THROW(AutoAttack({.norm = Norm::l1}), InvalidArgument);
}

}  // namespace
}  // namespace hadal::msp
