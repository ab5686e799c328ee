#include "hadal/hpts/train/run.h"

#include "hadal/core/error.h"
#include "hadal/core/process_group/testing.h"
#include "hadal/hpts/train/image_task.h"
#include "hadal/hpts/train/text_task.h"
#include "hadal/models/state.h"
#include "hadal/testing/error_of.h"

#include <limits>

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/scalar_tensor.h>
#include <gtest/gtest.h>
#include <torch/nn/module.h>

namespace hadal::hpts {
namespace {

std::shared_ptr<ProcessGroup> alone() {
  return init_process_group({.rendezvous = {.rank = 0, .world_size = 1}});
}

std::unique_ptr<Task> small_text_task() {
  seed_aten(1);
  const at::Tensor text = at::randint(256, {33 * 16 + 1}, at::kByte);
  return make_text_task(
      {.dim = 16, .layers = 1, .heads = 2, .kv_heads = 2, .hidden = 32, .context = 16},
      {.train = text, .test = text, .description = "noise"});
}

std::unique_ptr<Task> small_image_task() {
  seed_aten(1);
  const data::LabelledImages images{at::randint(256, {48, 1, 28, 28}, at::kByte),
                                    at::arange(48).remainder(10)};
  return make_image_task({.model = "glyph-cnn", .augmentation = {.crop = true}},
                         {.train = images, .test = images, .description = "noise"});
}

TrainConfig small_config() {
  TrainConfig config;
  config.batch = 8;
  config.steps = 12;
  config.rule = AdamW{};
  config.schedule.peak = 3e-3;
  config.precision.observe_every = 2;
  return config;
}

std::vector<double> losses(TrainingRun& run, int steps) {
  std::vector<double> result;
  for (int i = 0; i < steps; ++i) result.push_back(run.advance().loss);
  return result;
}

bool same_weights(Task& a, Task& b) {
  const auto expected = models::state(b.model());
  for (const auto& [name, tensor] : models::state(a.model())) {
    if (!at::equal(tensor, expected.at(name))) return false;
  }
  return true;
}

struct Variant {
  std::string name;
  std::unique_ptr<Task> (*task)();
  TrainConfig::Policy policy;
  StateFormat state;
  Rule rule;
};

class ResumedRun : public ::testing::TestWithParam<Variant> {};

TEST_P(ResumedRun, EndsBitForBitAsOneWithoutAnInterruption) {
  TrainConfig config = small_config();
  config.precision.policy = GetParam().policy;
  config.optimizer.state = GetParam().state;
  config.rule = GetParam().rule;
  config.clip_norm = 1.0;
  const auto straight_task = GetParam().task();
  TrainingRun straight(config, *straight_task, alone());
  const auto expected = losses(straight, 12);

  Checkpoint checkpoint;
  {
    const auto task = GetParam().task();
    TrainingRun first(config, *task, alone());
    losses(first, 5);
    checkpoint = first.checkpoint();
    for (auto& [name, tensor] : checkpoint.tensors) tensor = tensor.clone();
  }
  const auto task = GetParam().task();
  seed_aten(99);
  TrainingRun second(config, *task, alone());
  second.restore(checkpoint);
  EXPECT_EQ(second.step(), 5);
  EXPECT_EQ(losses(second, 7), (std::vector<double>(expected.begin() + 5, expected.end())));
  EXPECT_TRUE(same_weights(*task, *straight_task));
  EXPECT_EQ(second.checkpoint().texts, straight.checkpoint().texts);
}

INSTANTIATE_TEST_SUITE_P(
    Variants, ResumedRun,
    ::testing::Values(Variant{"Fp32", small_text_task, TrainConfig::Policy::fp32, StateFormat::fp32,
                              AdamW{}},
                      Variant{"Underflow", small_image_task, TrainConfig::Policy::underflow,
                              StateFormat::int8, AdamW{}},
                      Variant{"Published", small_text_task, TrainConfig::Policy::published,
                              StateFormat::bf16, Adam{}},
                      Variant{"Bf16Sgd", small_image_task, TrainConfig::Policy::bf16,
                              StateFormat::int8, Sgd{.momentum = 0.9}}),
    [](const auto& variant) { return variant.param.name; });

TEST(TrainingRun, LearnsUnderEveryPolicy) {
  for (const auto policy : {TrainConfig::Policy::fp32, TrainConfig::Policy::bf16,
                            TrainConfig::Policy::underflow, TrainConfig::Policy::published}) {
    TrainConfig config = small_config();
    config.precision.policy = policy;
    config.steps = 40;
    config.batch = 32;
    const auto task = small_text_task();
    TrainingRun run(config, *task, alone());
    const auto all = losses(run, 40);
    EXPECT_LT(all.back(), 0.97 * all.front());
    EXPECT_EQ(run.step(), run.steps());
  }
}

TEST(TrainingRun, CountsEpochsInSteps) {
  TrainConfig config = small_config();
  config.steps = 0;
  config.epochs = 3;
  const auto task = small_text_task();
  EXPECT_EQ(TrainingRun(config, *task, alone()).steps(), 3 * (33 / 8));
}

TEST(TrainingRun, RefusesACheckpointOfAnotherModel) {
  const auto text = small_text_task();
  const auto image = small_image_task();
  TrainingRun run(small_config(), *text, alone());
  const Checkpoint other = TrainingRun(small_config(), *image, alone()).checkpoint();
  EXPECT_THROW(run.restore(other), InvalidArgument);
  EXPECT_THROW(run.restore({.step = 3}), InvalidArgument);
}

TEST(TrainingRun, SkipsStepsThatAreNotFinite) {
  TrainConfig config = small_config();
  config.precision.policy = TrainConfig::Policy::fp32;
  const auto task = small_text_task();
  TrainingRun run(config, *task, alone());
  const at::Tensor weight = task->model().parameters().front();
  const at::Tensor before = weight.detach().clone();
  weight.detach().view({-1})[0].fill_(std::numeric_limits<float>::quiet_NaN());
  EXPECT_TRUE(run.advance().skipped);
  weight.detach().copy_(before);
  EXPECT_FALSE(run.advance().skipped);
}

// Batch and gradients are those of one process; sums in another order round otherwise.
TEST(TrainingRunDist, OnTwoProcessesGivesTheLossesOfOne) {
  hadal::testing::run_ranks(2, [] {
    TrainConfig config = small_config();
    config.precision.policy = TrainConfig::Policy::fp32;
    const auto alone_task = small_text_task();
    TrainingRun single(config, *alone_task, alone());
    const auto group = init_process_group();
    const auto task = small_text_task();
    TrainingRun shared(config, *task, group);
    for (int step = 0; step < 12; ++step) {
      const at::Tensor loss = at::scalar_tensor(shared.advance().loss, at::kDouble);
      group->all_reduce(loss, "loss").wait();
      EXPECT_NEAR(loss.item<double>() / 2, single.advance().loss, 1e-5);
    }
  });
}

TEST(TrainingRunDist, ResumesOnTwoProcessesWithTheSameLoss) {
  hadal::testing::run_ranks(2, [] {
    TrainConfig config = small_config();
    config.distributed = {.gradients = TrainConfig::Gradients::power_sgd, .rank = 2};
    const auto group = init_process_group();
    const auto straight_task = small_text_task();
    TrainingRun straight(config, *straight_task, group);
    const auto expected = losses(straight, 12);
    Checkpoint checkpoint;
    {
      const auto task = small_text_task();
      TrainingRun first(config, *task, group);
      losses(first, 5);
      checkpoint = first.checkpoint();
      for (auto& [name, tensor] : checkpoint.tensors) tensor = tensor.clone();
    }
    const auto task = small_text_task();
    TrainingRun second(config, *task, group);
    second.restore(checkpoint);
    const auto actual = losses(second, 7);
    for (std::size_t i = 0; i < actual.size(); ++i) EXPECT_NEAR(actual[i], expected[5 + i], 1e-6);
  });
}

TEST(TrainingRunDist, RefusesABatchThatCannotBeShared) {
  hadal::testing::run_ranks(2, [] {
    TrainConfig config = small_config();
    config.batch = 7;
    const auto task = small_text_task();
    EXPECT_EQ(hadal::testing::error_of<InvalidArgument>(
                  [&] { TrainingRun(config, *task, init_process_group()); }),
              "train.batch: expected a multiple of the 2 processes, got 7");
  });
}

}  // namespace
}  // namespace hadal::hpts
