#include "hadal/msp/defend/anti_adversary.h"

#include "hadal/core/error.h"
#include "hadal/msp/attack/fgsm.h"
#include "hadal/msp/attack/pgd.h"
#include "hadal/msp/attack/test_support.h"
#include "hadal/msp/evaluate/robustness.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <torch/csrc/autograd/autograd.h>

namespace hadal::msp {
namespace {

class AntiAdversaryTest : public ::testing::Test {
 protected:
  Classifier base_ = testing::bent(91);
  at::Tensor inputs_ = testing::random_images(12, 92, at::kDouble);
  at::Tensor labels_ = testing::predicted(base_, inputs_);
};

TEST_F(AntiAdversaryTest, IsSurerOfTheClassThatTheBaseHas) {
  const at::NoGradGuard no_grad;
  const Classifier layer = anti_adversary(base_, {.step_size = 0.02});
  const auto probability = [&](const Classifier& classifier) {
    return classifier(inputs_).softmax(1).gather(1, labels_.unsqueeze(1));
  };
  EXPECT_TRUE(at::equal(testing::predicted(layer, inputs_), labels_));
  EXPECT_TRUE((probability(layer) > probability(base_)).all().item<bool>());
}

TEST_F(AntiAdversaryTest, GivesTheSameUnrolledButAnotherGradient) {
  const at::Tensor x = inputs_.clone().requires_grad_();
  const at::Tensor plain = anti_adversary(base_)(x);
  const at::Tensor unrolled = anti_adversary(base_, {.unrolled = true})(x);
  EXPECT_TRUE(at::allclose(plain, unrolled));
  const at::Tensor a = torch::autograd::grad({plain.sum()}, {x})[0];
  const at::Tensor b = torch::autograd::grad({unrolled.sum()}, {x})[0];
  EXPECT_TRUE(b.isfinite().all().item<bool>());
  EXPECT_FALSE(at::allclose(a, b));
}

// What the layer is known for: it seems to help, until the attack knows of it.
TEST_F(AntiAdversaryTest, FallsToAttacksThatKnowOfIt) {
  const Threat threat{.epsilon = 0.03};
  const Classifier layer = anti_adversary(base_);
  const Fgsm fgsm({.threat = threat});
  const auto broken = [&](const Classifier& classifier) {
    return testing::count(fgsm.run(classifier, inputs_, {.labels = labels_}).success);
  };
  EXPECT_LT(broken(layer), broken(base_));
  const Robustness known =
      evaluate_robustness(layer, inputs_, labels_, anti_adversary_attacks(base_, threat));
  const Pgd pgd({.threat = threat, .steps = 40, .step_size = 0.002});
  const std::int64_t base_broken =
      testing::count(pgd.run(base_, inputs_, {.labels = labels_}).success);
  EXPECT_GT(base_broken, broken(base_) / 2);
  EXPECT_GE(testing::count(known.broken), base_broken - 1);
}

TEST_F(AntiAdversaryTest, RefusesOptionsOutOfRange) {
  EXPECT_THROW(anti_adversary(base_, {.steps = 0}), InvalidArgument);
  EXPECT_THROW(anti_adversary(base_, {.step_size = 0}), InvalidArgument);
}

}  // namespace
}  // namespace hadal::msp
