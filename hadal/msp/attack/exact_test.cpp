// Attacks on linear classifiers, whose least adversarial perturbations have closed forms.
#include "hadal/core/error.h"
#include "hadal/msp/attack/all_attacks.h"
#include "hadal/msp/attack/hyperplane.h"
#include "hadal/msp/attack/test_support.h"

#include <limits>

#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/where.h>

namespace hadal::msp {
namespace {

using testing::count;

constexpr std::int64_t kCount = 30;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Images, those of `spread` 1 up to the ends of the range, and a classifier of `classes` classes
/// whose boundaries are near.
struct Setting {
  explicit Setting(std::int64_t classes, double spread)
      : linear(testing::random_linear(classes, 72, 21)),
        inputs((testing::random_images(kCount, 22, at::kDouble) - 0.5) * spread + 0.5) {
    linear.biases = -(linear.weights * 0.5).sum(1);  // so that classes are balanced
    goal.labels = testing::predicted(linear.classifier(), inputs);
  }

  /// The least distance to another class within the range, fp64 [kCount].
  at::Tensor least(Norm norm) const {
    const at::Tensor x = inputs.flatten(1);
    at::Tensor nearest = at::full({kCount}, kInfinity, at::kDouble);
    for (std::int64_t other = 0; other < linear.weights.size(0); ++other) {
      const at::Tensor w = linear.weights[other] - linear.weights.index_select(0, goal.labels);
      const at::Tensor b = linear.biases[other] - linear.biases.index_select(0, goal.labels);
      const at::Tensor step = step_to_hyperplane(norm, x, w, b.neg(), 0, 1);
      const at::Tensor meets = ((w * (x + step)).sum(1) + b).abs() < 1e-9;
      const at::Tensor own = goal.labels == other;
      nearest = at::where(meets.logical_and(own.logical_not()),
                          at::minimum(nearest, norm_of(norm, step)), nearest);
    }
    return nearest;
  }

  testing::Linear linear;
  at::Tensor inputs;
  Goal goal;
};

/// An epsilon in the widest gap between the middle third of the sorted distances, and which inputs
/// are nearer.
struct Half {
  double epsilon;
  at::Tensor nearer;
};

Half half_of(const at::Tensor& distances) {
  const at::Tensor middle = std::get<0>(distances.sort()).slice(0, kCount / 3, 2 * kCount / 3);
  const at::Tensor lower = middle.slice(0, 0, -1), upper = middle.slice(0, 1);
  const auto widest = (upper / lower).argmax().item<std::int64_t>();
  const double epsilon = (lower[widest] + upper[widest]).item<double>() / 2;
  return {epsilon, distances < epsilon};
}

TEST(AttackOnLinear, FgsmSucceedsExactlyWhereTheBoundaryIsNearer) {
  const Setting setting(2, 0.2);
  for (const Norm norm : {Norm::linf, Norm::l2}) {
    const auto [epsilon, nearer] = half_of(setting.least(norm));
    const Fgsm fgsm({.threat = {.norm = norm, .epsilon = epsilon}});
    const AttackResult result = fgsm.run(setting.linear.classifier(), setting.inputs, setting.goal);
    EXPECT_TRUE(at::equal(result.success, nearer));
  }
}

TEST(AttackOnLinear, IterativeAttacksDoSoAtTheEndsOfTheRangeToo) {
  const Setting setting(2, 1);
  for (const Norm norm : {Norm::linf, Norm::l2}) {
    const auto [epsilon, nearer] = half_of(setting.least(norm));
    const Threat threat{.norm = norm, .epsilon = epsilon};
    const auto success = [&](const Attack& attack) {
      return attack.run(setting.linear.classifier(), setting.inputs, setting.goal).success;
    };
    EXPECT_TRUE(at::equal(success(Pgd({.threat = threat, .steps = 200, .step_size = epsilon / 20})),
                          nearer));
    EXPECT_TRUE(at::equal(success(Apgd({.threat = threat})), nearer));
    EXPECT_TRUE(at::equal(success(Fab({.threat = threat})), nearer));
  }
}

TEST(AttackOnLinear, ApgdTAndFabFindTheNearestOfManyClasses) {
  const Setting setting(6, 1);
  const auto [epsilon, nearer] = half_of(setting.least(Norm::linf));
  const Threat threat{.norm = Norm::linf, .epsilon = epsilon};
  const auto success = [&](const Attack& attack) {
    return attack.run(setting.linear.classifier(), setting.inputs, setting.goal).success;
  };
  EXPECT_TRUE(at::equal(success(Apgd({.threat = threat, .target_classes = 9})), nearer));
  EXPECT_TRUE(at::equal(success(Fab({.threat = threat})), nearer));
  EXPECT_TRUE(at::equal(success(Fab({.threat = threat, .target_classes = 9})), nearer));
  EXPECT_TRUE(at::equal(success(AutoAttack(threat)), nearer));
}

/// `most` is how much further than the least an attack's points are at most.
void expect_near_least(const Attack& attack, const Setting& setting, double most) {
  const AttackResult result = attack.run(setting.linear.classifier(), setting.inputs, setting.goal);
  EXPECT_EQ(count(result.success), kCount) << attack.name();
  const at::Tensor ratio = result.distance / setting.least(attack.threat().norm);
  EXPECT_GE(ratio.min().item<double>(), 1) << attack.name();
  EXPECT_LE(ratio.max().item<double>(), most) << attack.name();
}

// Steps go 5 % too far from a tenth before the boundary, which leaves half a percent, and more
// where elements have met the range.
TEST(AttackOnLinear, FabComesNearTheLeastDistanceInEveryNorm) {
  for (const Norm norm : {Norm::linf, Norm::l2, Norm::l1}) {
    const Threat threat{.norm = norm, .epsilon = kInfinity};
    expect_near_least(Fab({.threat = threat}), Setting(6, 1), 1.02);
  }
}

TEST(AttackOnLinear, DeepFoolOvershootsTheLeastDistanceByItsOption) {
  for (const Norm norm : {Norm::linf, Norm::l2}) {
    const DeepFool attack({.threat = {.norm = norm, .epsilon = kInfinity}});
    const Setting setting(6, 0.1);
    const AttackResult result =
        attack.run(setting.linear.classifier(), setting.inputs, setting.goal);
    EXPECT_EQ(count(result.success), kCount);
    const at::Tensor expected = (setting.least(norm) + 1e-4) * 1.02;
    EXPECT_LT((result.distance - expected).abs().max().item<double>(), 1e-9);
  }
}

// Steps of Adam are as long as its learning rate, so that it does not settle on the least.
TEST(AttackOnLinear, CarliniWagnerComesNearTheLeastDistance) {
  expect_near_least(CarliniWagner({.initial_constant = 0.1, .searches = 7, .steps = 250}),
                    Setting(4, 0.8), 1.1);
}

TEST(AttackOnLinear, TargetedAttacksReachTheirTargets) {
  const Setting setting(5, 0.5);
  Goal goal = setting.goal;
  goal.targets = (goal.labels + 1).remainder(5);
  const Threat threat{.norm = Norm::linf, .epsilon = 0.3};
  for (const std::shared_ptr<const Attack>& attack :
       std::initializer_list<std::shared_ptr<const Attack>>{
           std::make_shared<Pgd>(PgdOptions{.threat = threat, .step_size = 0.03}),
           std::make_shared<Apgd>(ApgdOptions{.threat = threat}),
           std::make_shared<Apgd>(ApgdOptions{.threat = threat, .loss = Loss::logit_ratio}),
           std::make_shared<Square>(SquareOptions{.threat = threat}),
           std::make_shared<CarliniWagner>(
               CarliniWagnerOptions{.initial_constant = 0.1, .steps = 200})}) {
    const AttackResult result =
        attack->run(setting.linear.classifier(), setting.inputs, goal, {.seed = 1});
    EXPECT_EQ(count(result.success), kCount) << attack->name();
    EXPECT_TRUE(
        at::equal(testing::predicted(setting.linear.classifier(), result.points), goal.targets));
  }
  EXPECT_THROW(DeepFool().run(setting.linear.classifier(), setting.inputs, goal), InvalidArgument);
  EXPECT_THROW(Fab().run(setting.linear.classifier(), setting.inputs, goal), InvalidArgument);
}

}  // namespace
}  // namespace hadal::msp
