#include "hadal/msp/defend/adversarial_task.h"

#include "hadal/core/error.h"
#include "hadal/hpts/train/run.h"
#include "hadal/models/state.h"
#include "hadal/msp/attack/fgsm.h"
#include "hadal/msp/attack/pgd.h"
#include "hadal/msp/defend/test_support.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>
#include <torch/nn/module.h>

namespace hadal::msp {
namespace {

constexpr double kEpsilon = 0.06;

std::unique_ptr<AdversarialTask> task_of(const HardenOptions& options) {
  const data::ImageSet images = testing::halves(96);
  seed_aten(1);
  return std::make_unique<AdversarialTask>(options, hpts::ImageTaskOptions{.model = "small-cnn"},
                                           images);
}

/// The share that PGD leaves right.
double robust(const AdversarialTask& task) {
  const auto [images, labels] = task.test_images(96);
  const Pgd pgd({.threat = {.epsilon = kEpsilon}, .steps = 10, .step_size = 0.015});
  return 1 - pgd.run(task.classifier(), images, {.labels = labels})
                 .success.to(at::kDouble)
                 .mean()
                 .item<double>();
}

HardenOptions options_of(HardenMethod method, double epsilon = kEpsilon) {
  return {.method = method,
          .threat = {.epsilon = epsilon},
          .steps = 2,
          .step_size = 0.8,
          .beta = 2,
          .warm_up = 20,
          .average = 0.9,
          .check_every = 10};
}

class HardenedBy : public ::testing::TestWithParam<HardenMethod> {};

// Against the same training without adversarial examples.
TEST_P(HardenedBy, ResistsAnAttackThatBreaksAPlainNetwork) {
  const auto hardened = task_of(options_of(GetParam()));
  const auto plain = task_of(options_of(HardenMethod::fast, 0));
  for (AdversarialTask* task : {hardened.get(), plain.get()}) {
    hpts::TrainingRun run(testing::short_run(60), *task, testing::alone());
    while (run.step() < run.steps()) run.advance();
  }
  EXPECT_GT(robust(*hardened), 0.9);
  EXPECT_LT(robust(*plain), robust(*hardened) - 0.1);
  EXPECT_NEAR(hardened->score().value, robust(*hardened), 0.05);
  EXPECT_EQ(hardened->score().name, "accuracy under PGD-20");
}

// The state of averages, overfitting and the warm-up comes back too.
TEST_P(HardenedBy, GoesOnBitForBitFromACheckpoint) {
  const hpts::TrainConfig config = testing::short_run(14);
  const auto straight = task_of(options_of(GetParam()));
  hpts::TrainingRun whole(config, *straight, testing::alone());
  for (int i = 0; i < 14; ++i) whole.advance();

  hpts::Checkpoint checkpoint;
  {
    const auto task = task_of(options_of(GetParam()));
    hpts::TrainingRun first(config, *task, testing::alone());
    for (int i = 0; i < 6; ++i) first.advance();
    checkpoint = first.checkpoint();
    for (auto& [name, tensor] : checkpoint.tensors) tensor = tensor.clone();
  }
  const auto task = task_of(options_of(GetParam()));
  hpts::TrainingRun second(config, *task, testing::alone());
  second.restore(checkpoint);
  for (int i = 6; i < 14; ++i) second.advance();
  const auto expected = models::state(straight->averaged());
  for (const auto& [name, tensor] : models::state(task->averaged())) {
    EXPECT_TRUE(at::equal(tensor, expected.at(name))) << name;
  }
  EXPECT_TRUE(at::equal(task->state().at("overfitting"), straight->state().at("overfitting")));
}

INSTANTIATE_TEST_SUITE_P(Methods, HardenedBy,
                         ::testing::Values(HardenMethod::pgd, HardenMethod::trades,
                                           HardenMethod::fast),
                         [](const auto& method) {
                           return harden_method_names()[static_cast<std::size_t>(method.param)];
                         });

TEST(AdversarialTask, TestsTheAverageOfTheWeights) {
  const auto task = task_of(options_of(HardenMethod::fast));
  hpts::TrainingRun run(testing::short_run(12), *task, testing::alone());
  while (run.step() < run.steps()) run.advance();
  const auto [images, labels] = task->test_images(4);
  const at::Tensor averaged = task->classifier()(images);
  models::load_state(task->model(), models::state(task->averaged()));
  models::load_state(task->averaged(), models::state(task->model()));
  EXPECT_TRUE(at::allclose(task->classifier()(images), averaged));
  EXPECT_FALSE(task->averaged().is_training());
  EXPECT_EQ(task->test_images(1'000).images.size(0), 96);
}

TEST(AdversarialTask, RefusesACheckpointOfAnotherTask) {
  const auto task = task_of(options_of(HardenMethod::pgd));
  EXPECT_THROW(task->load_state({}), InvalidArgument);
}

TEST(AdversarialTask, RefusesOptionsOutOfRange) {
  EXPECT_THROW(task_of({.threat = {.epsilon = -1}}), InvalidArgument);
  EXPECT_THROW(task_of({.steps = 0}), InvalidArgument);
  EXPECT_THROW(task_of({.step_size = 0}), InvalidArgument);
  EXPECT_THROW(task_of({.average = 1}), InvalidArgument);
  EXPECT_THROW(parse_harden_method("hope"), InvalidArgument);
}

}  // namespace
}  // namespace hadal::msp
