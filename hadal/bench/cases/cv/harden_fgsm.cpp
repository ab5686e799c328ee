#include "hadal/bench/cases/cv/hardening.h"
#include "hadal/bench/cases/input.h"
#include "hadal/bench/runner/registry.h"
#include "hadal/core/error.h"
#include "hadal/msp/attack/fgsm.h"
#include "hadal/msp/attack/pgd.h"
#include "hadal/msp/defend/anti_adversary.h"

#include <algorithm>
#include <limits>
#include <memory>

namespace hadal::bench::harden_fgsm {
namespace {

constexpr int kCurvePoints = 6;

constexpr std::int64_t kPlainSteps = 1'400;
constexpr std::int64_t kHardenedSteps = 3'750;
constexpr std::int64_t kAttacked = 1'000;  // images, from the first of the test set

HardeningData images_of(const Context& context) {
  if (auto real = real_images(context, "mnist", 0.3)) return *std::move(real);
  return generated_digits(context, 30'000);
}

/// A plain and a hardened network, and the images that are attacked.
struct Pair {
  msp::Classifier plain, hardened;
  std::shared_ptr<Hardening> training;  // owns the hardened one
  at::Tensor images, labels;            // all of the test
  at::Tensor attacked, attacked_labels;
  double epsilon = 0;
  msp::RunOptions run;
};

Pair pair_of(const HardeningData& data, const Context& context) {
  const auto training = std::make_shared<Hardening>(
      data, HardeningPlan{.steps = kHardenedSteps, .method = msp::HardenMethod::fast}, context);
  training->finish();
  const auto [images, labels] = training->task().test_images(training->task().test_count());
  return {.plain = train_plainly(data, kPlainSteps, context),
          .hardened = training->task().classifier(),
          .training = training,
          .images = images,
          .labels = labels,
          .attacked = images.slice(0, 0, kAttacked),
          .attacked_labels = labels.slice(0, 0, kAttacked),
          .epsilon = data.epsilon,
          .run = {.seed = context.seed, .check_interrupt = context.check_interrupt}};
}

/// Of the images that are right without an attack, the share that FGSM breaks.
double fgsm_success(const msp::Classifier& classifier, const Pair& x) {
  const msp::Fgsm fgsm({.threat = {.epsilon = x.epsilon}});
  const auto result = fgsm.run(classifier, x.images, {.labels = x.labels}, x.run);
  const auto right = result.already.logical_not().sum().item<double>();
  return (result.success.sum().item<double>() - result.already.sum().item<double>()) /
         std::max(1.0, right);
}

/// What the layer at test time, before the plain network, seems to do, and what it does.
std::vector<Metric> test_time_metrics(const Pair& x) {
  const msp::Threat threat{.epsilon = x.epsilon};
  const msp::Classifier layer = msp::anti_adversary(x.plain);
  const auto known = msp::evaluate_robustness(layer, x.attacked, x.attacked_labels,
                                              msp::anti_adversary_attacks(x.plain, threat),
                                              msp::Cascade::left, x.run);
  const double right = std::max<double>(1, static_cast<double>(known.accuracy.count));
  return {{"test-time layer: FGSM success", 100 * fgsm_success(layer, x), "%"},
          {"test-time layer: success of attacks that know of it",
           100 * static_cast<double>(known.accuracy.count - known.worst.count) / right, "%"}};
}

std::vector<Metric> curve_metrics(const Pair& x) {
  std::vector<double> epsilons;
  for (int i = 1; i <= kCurvePoints; ++i) epsilons.push_back(x.epsilon * 1.5 * i / kCurvePoints);
  const auto pgd = [](double epsilon) {
    return std::make_shared<msp::Pgd>(
        msp::PgdOptions{.threat = {.epsilon = epsilon}, .steps = 20, .step_size = epsilon / 8});
  };
  std::vector<Metric> metrics;
  for (const auto& point :
       msp::robustness_curve(x.hardened, x.attacked, x.attacked_labels, epsilons, pgd, x.run)) {
    metrics.push_back({concat("robust accuracy under PGD-20 within ", point.epsilon),
                       100 * point.robust.value, "%"});
  }
  return metrics;
}

Quality quality_of(const Pair& x) {
  const msp::RobustnessVerdict verdict = msp::judge_robustness(
      x.hardened, x.attacked, x.attacked_labels,
      {.threat = {.epsilon = x.epsilon}, .attacks = msp::VerdictAttacks::apgd, .run = x.run});
  Quality quality{.baseline = fgsm_success(x.plain, x),
                  // A defence that hides its gradients has no figure.
                  .candidate = verdict.passed() ? fgsm_success(x.hardened, x)
                                                : std::numeric_limits<double>::quiet_NaN()};
  quality.metrics = {
      {"epsilon", x.epsilon, ""},
      {"accuracy, plain", 100 * accuracy_of(x.plain, x.images, x.labels), "%"},
      {"accuracy, hardened", 100 * accuracy_of(x.hardened, x.images, x.labels), "%"},
      {"FGSM success, plain", 100 * quality.baseline, "%"},
      {"FGSM success, hardened", 100 * quality.candidate, "%"},
      {"success of the strongest attack, hardened", 100 * verdict.any_success.value, "%"},
      {"success of the strongest attack, hardened, high", 100 * verdict.any_success.interval.high,
       "%"}};
  for (auto& metric : test_time_metrics(x)) quality.metrics.push_back(std::move(metric));
  for (auto& metric : curve_metrics(x)) quality.metrics.push_back(std::move(metric));
  return quality;
}

Workload prepare(const Context& context) {
  if (context.scale == Scale::quick) {
    throw Unsupported(
        "adversarial training and several attacks are no quick run; --full does them");
  }
  const HardeningData data = images_of(context);
  const auto pair = std::make_shared<Pair>(pair_of(data, context));
  return {
      .data = data_source(concat(data.images.description, "; linf ", data.epsilon), data.generated,
                          {data.images.train.images, data.images.test.images}),
      .quality = [pair] { return quality_of(*pair); },
      .baseline = [pair] { accuracy_of(pair->plain, pair->attacked, pair->attacked_labels); },
      .candidate = [pair] { accuracy_of(pair->hardened, pair->attacked, pair->attacked_labels); }};
}

Case make_case() {
  return {
      .id = "cv/harden-fgsm",
      .domain = Domain::cv,
      .module = "msp",
      .summary =
          "How often FGSM turns an image that a network gets right: within 0.3 on MNIST, "
          "0.1 on generated digits; and time to classify images. With --full only. Fails "
          "where the gradients are masked; beside it the strongest of several attacks, and a "
          "published layer at test "
          "time under attacks that know of it",
      .baseline = "a small CNN, trained on clean images",
      .candidate = "the same, trained by msp::AdversarialTask (fast)",
      .gate = {.metric = "FGSM success", .bound = QualityResult::Bound::at_most, .target = 0.19},
      .real_data = "cv/mnist",
      .prepare = prepare};
}

HADAL_BENCH_CASE(make_case);

}  // namespace
}  // namespace hadal::bench::harden_fgsm
