#include "hadal/bench/cases/cv/hardening.h"
#include "hadal/bench/cases/input.h"
#include "hadal/bench/runner/registry.h"
#include "hadal/core/error.h"
#include "hadal/hpts/train/image_input.h"
#include "hadal/hpts/train/image_network.h"

#include <limits>
#include <memory>

#include <ATen/TensorOperators.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/nn/module.h>
#include <torch/optim/adamw.h>

namespace hadal::bench::harden_mnist_autoattack {
namespace {

constexpr std::int64_t kPlainSteps = 400;

// 20 epochs of MNIST.
constexpr HardeningPlan kPlan{.steps = 9'360, .attack_steps = 7};
constexpr std::int64_t kAttacked = 1'000;  // images, from the first of the test set

HardeningData images_of(const Context& context) {
  if (auto real = real_images(context, "mnist", 0.3)) return *std::move(real);
  return generated_digits(context, 30'000);
}

msp::VerdictOptions verdict_options(const HardeningData& data, const Context& context) {
  return {.threat = {.epsilon = data.epsilon},
          .attacks = msp::VerdictAttacks::auto_attack,
          .run = {.seed = context.seed, .check_interrupt = context.check_interrupt}};
}

/// Adversarial training as it is usually written, in fp32.
class UsualTraining {
 public:
  UsualTraining(const HardeningData& data, const HardeningPlan& plan)
      : network_(hpts::make_image_network("small-cnn", data.images.classes)),
        optimizer_(network_.module->parameters(), torch::optim::AdamWOptions(plan.learning_rate)),
        images_(data.images.train.images.slice(0, 0, 128).to(at::kFloat) / 255),
        labels_(data.images.train.labels.slice(0, 0, 128)),
        epsilon_(plan.margin * data.epsilon),
        steps_(plan.attack_steps) {}

  void step() {
    at::Tensor points = images_ + at::empty_like(images_).uniform_(-epsilon_, epsilon_);
    points = points.clamp(0, 1);
    for (int i = 0; i < steps_; ++i) {
      points = points.detach().requires_grad_();
      const at::Tensor gradient = torch::autograd::grad({loss(points)}, {points})[0];
      const at::Tensor moved = points.detach() + gradient.sign() * (2 * epsilon_ / steps_);
      points = (images_ + (moved - images_).clamp(-epsilon_, epsilon_)).clamp(0, 1);
    }
    optimizer_.zero_grad();
    loss(points.detach()).backward();
    optimizer_.step();
  }

 private:
  at::Tensor loss(const at::Tensor& x) {
    return at::cross_entropy_loss(network_.forward(hpts::network_input(x, 1, 28)), labels_);
  }

  hpts::ImageNetwork network_;
  torch::optim::AdamW optimizer_;
  at::Tensor images_, labels_;
  double epsilon_;
  int steps_;
};

Quality quality_of(const HardeningData& data, const Context& context) {
  Hardening hardening(data, kPlan, context);
  hardening.finish();
  const msp::AdversarialTask& task = hardening.task();
  const auto [images, labels] = task.test_images(kAttacked);
  const msp::VerdictOptions options = verdict_options(data, context);
  const msp::RobustnessVerdict verdict =
      msp::judge_robustness(task.classifier(), images, labels, options);
  const auto plain = train_plainly(data, kPlainSteps, context);
  msp::VerdictOptions quick = options;
  quick.attacks = msp::VerdictAttacks::pgd;
  const auto all = task.test_images(task.test_count());
  const msp::Share& worst = verdict.robustness.worst;
  Quality quality{
      .baseline = msp::judge_robustness(plain, images, labels, quick).robustness.worst.value,
      .candidate = verdict.passed() ? worst.value : std::numeric_limits<double>::quiet_NaN()};
  quality.metrics = {
      {"epsilon", data.epsilon, ""},
      {"attacked images", static_cast<double>(worst.of), ""},
      {"accuracy", 100 * accuracy_of(task.classifier(), all.images, all.labels), "%"},
      {"robust accuracy, low", 100 * worst.interval.low, "%"},
      {"robust accuracy, high", 100 * worst.interval.high, "%"}};
  for (const msp::AttackOutcome& outcome : verdict.robustness.attacks) {
    quality.metrics.push_back(
        {concat("right up to ", outcome.name), 100 * outcome.robust.value, "%"});
  }
  return quality;
}

Workload prepare(const Context& context) {
  if (context.scale == Scale::quick) {
    throw Unsupported("adversarial training and AutoAttack are no quick run; --full does them");
  }
  const HardeningData data = images_of(context);
  HardeningPlan timed = kPlan;
  timed.steps = 1'000'000;  // as many as the rounds ask for
  const auto usual = std::make_shared<UsualTraining>(data, timed);
  const auto hadal = std::make_shared<Hardening>(data, timed, context);
  return {.data = data_source(concat(data.images.description, "; linf ", data.epsilon),
                              data.generated, {data.images.train.images, data.images.test.images}),
          .quality = [=] { return quality_of(data, context); },
          .baseline = [usual] { usual->step(); },
          .candidate = [hadal] { hadal->step(); }};
}

Case make_case() {
  return {
      .id = "cv/harden-mnist-autoattack",
      .domain = Domain::cv,
      .module = "msp",
      .summary =
          "Robust accuracy of a small CNN after adversarial training: MNIST within 0.3, or "
          "generated digits within 0.1, under AutoAttack; and time of a training step. With --full "
          "only. Fails where the gradients are masked",
      .baseline =
          "robust accuracy: the network trained on clean images; time: PGD training as it is "
          "usually written in LibTorch, fp32",
      .candidate = "msp::AdversarialTask (pgd) under hpts::TrainingRun, bf16 where that is fast",
      .gate = {.metric = "robust accuracy",
               .bound = QualityResult::Bound::at_least,
               .target = 0.5,
               .target_on_real = 0.885},
      .real_data = "cv/mnist",
      .prepare = prepare};
}

HADAL_BENCH_CASE(make_case);

}  // namespace
}  // namespace hadal::bench::harden_mnist_autoattack
