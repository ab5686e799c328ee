#include "hadal/msp/defend/adversarial_task.h"

#include "hadal/core/error.h"
#include "hadal/core/log.h"
#include "hadal/core/text.h"
#include "hadal/hpts/train/evaluation_mode.h"
#include "hadal/hpts/train/image_input.h"
#include "hadal/models/state.h"
#include "hadal/msp/attack/loss.h"
#include "hadal/msp/attack/pgd.h"
#include "hadal/msp/attack/problem.h"
#include "hadal/msp/defend/ascent.h"
#include "hadal/msp/defend/weight_average.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/softmax.h>
#include <torch/nn/module.h>

namespace hadal::msp {
namespace {

constexpr double kFastStep = 1.25;  // of epsilon, as Wong et al. have it
constexpr int kTestSteps = 20;
constexpr std::int64_t kTestImages = 500;
constexpr std::uint64_t kTestSeed = 1;

void validate(const HardenOptions& x) {
  msp::validate(x.threat);
  if (!std::isfinite(x.threat.epsilon)) throw InvalidArgument("harden: expected a finite epsilon");
  if (x.steps < 1 || x.check_every < 1 || x.warm_up < 0) {
    throw InvalidArgument(
        "harden: expected 1 or more steps and steps between checks, and a warm-up of 0 or more");
  }
  if (!(x.step_size > 0 && x.step_size <= 10) || !(x.beta >= 0 && x.beta <= 1e6) ||
      !(x.average >= 0 && x.average < 1)) {
    throw InvalidArgument(
        "harden: expected a step size above 0 and at most 10, a beta of 0 or more, and an "
        "average from 0 to below 1");
  }
}

/// -sum p log q, [n], for p of `reference` and q of logits: their divergence but for a constant.
at::Tensor crossed(const at::Tensor& reference, const at::Tensor& logits) {
  return (at::softmax(reference, 1) * at::log_softmax(logits, 1)).sum(1).neg();
}

/// KL(p || q), the mean over rows.
at::Tensor divergence(const at::Tensor& reference, const at::Tensor& logits) {
  const at::Tensor p = at::log_softmax(reference, 1);
  return (p.exp() * (p - at::log_softmax(logits, 1))).sum(1).mean();
}

double share_right(const at::Tensor& logits, const at::Tensor& labels) {
  return logits.argmax(1).eq(labels).to(at::kDouble).mean().item<double>();
}

}  // namespace

const std::vector<std::string>& harden_method_names() {
  static const std::vector<std::string> names{"pgd", "trades", "fast"};
  return names;
}

HardenMethod parse_harden_method(std::string_view name) {
  const auto& names = harden_method_names();
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) {
    throw InvalidArgument(concat("defence: expected one of ", join(names), ", not ", quote(name)));
  }
  return static_cast<HardenMethod>(found - names.begin());
}

AdversarialTask::AdversarialTask(const HardenOptions& options,
                                 const hpts::ImageTaskOptions& network, data::ImageSet images)
    : options_((validate(options), options)),
      task_(network),
      images_(std::move(images)),
      network_(hpts::make_image_network(network.model, images_.classes, network.size)),
      average_(hpts::make_image_network(network.model, images_.classes, network.size)),
      description_(concat(network.model, ", ", images_.description, ", hardened by ",
                          harden_method_names()[static_cast<std::size_t>(options.method)],
                          " within ", options.threat.epsilon, " (", name_of(options.threat.norm),
                          ")")) {
  average_.module->eval();
  for (at::Tensor& parameter : network_.module->parameters()) {
    if (parameter.dim() == 4) {  // convolutions are fastest so
      parameter.set_data(parameter.detach().contiguous(at::MemoryFormat::ChannelsLast));
    }
  }
}

Classifier AdversarialTask::classifier_of(const hpts::ImageNetwork& network) {
  return [&network](const at::Tensor& images) {
    return network.forward(hpts::network_input(images, network.channels, network.size))
        .to(at::kFloat);
  };
}

double AdversarialTask::epsilon() const {
  if (step_ >= options_.warm_up) return options_.threat.epsilon;
  return options_.threat.epsilon * static_cast<double>(step_) /
         static_cast<double>(options_.warm_up);
}

at::Tensor AdversarialTask::adversarial(const at::Tensor& images, const at::Tensor& labels,
                                        std::uint64_t seed) {
  const hpts::EvaluationMode mode(*network_.module);
  const Classifier classify = classifier_of(network_);
  Problem::Source source{classify, seed};
  Threat threat = options_.threat;
  threat.epsilon = epsilon();
  const Problem problem(source, threat, images, {.labels = labels}, at::arange(images.size(0)));
  const double step_size = options_.step_size * threat.epsilon;
  if (options_.method == HardenMethod::trades) {
    const at::Tensor clean = problem.logits(images);
    const auto apart = [&](const at::Tensor& logits) { return crossed(clean, logits); };
    return ascend(problem, apart, options_.steps, step_size);
  }
  const auto wrong = [&](const at::Tensor& logits) { return cross_entropy(logits, labels); };
  if (options_.method == HardenMethod::pgd) {
    return ascend(problem, wrong, options_.steps, step_size);
  }
  const at::Tensor after_one = ascend(problem, wrong, 1, kFastStep * threat.epsilon);
  const bool is_due = step_ % options_.check_every == 0;
  if (!is_due && !watch_.is_overfitted()) return after_one;
  const at::Tensor after_many = ascend(problem, wrong, options_.steps, step_size, 1);
  if (is_due) watch(problem, after_one, after_many);
  return watch_.is_overfitted() ? after_many : after_one;
}

void AdversarialTask::watch(const Problem& problem, const at::Tensor& after_one,
                            const at::Tensor& after_many) {
  const std::int64_t before = watch_.times();
  watch_.observe(share_right(problem.logits(after_one), problem.goal().labels),
                 share_right(problem.logits(after_many), problem.goal().labels));
  if (watch_.times() == before) return;
  log(LogLevel::warning, concat("step ", step_,
                                ": catastrophic overfitting: the network resists one step alone; "
                                "training takes several until that is over"));
}

at::Tensor AdversarialTask::loss(const at::Tensor& indices, Random& random) {
  if (step_ > 0) {
    average_weights(*average_.module, *network_.module, options_.average, step_ - 1);
  }
  const at::Tensor labels = images_.train.labels.index_select(0, indices);
  const at::Tensor images =
      hpts::augmented(images_.train.images.index_select(0, indices), task_.augmentation, random)
          .to(at::kFloat)
          .div(255.0);
  const at::Tensor points = adversarial(images, labels, random.next());
  ++step_;
  const Classifier classify = classifier_of(network_);
  const auto of_labels = [&](const at::Tensor& logits) {
    return at::cross_entropy_loss(logits, labels, /*weight=*/{}, at::Reduction::Mean,
                                  /*ignore_index=*/-100, task_.label_smoothing);
  };
  if (options_.method != HardenMethod::trades) return of_labels(classify(points));
  const at::Tensor clean = classify(images);
  return of_labels(clean) + options_.beta * divergence(clean, classify(points));
}

hpts::Score AdversarialTask::score() {
  const auto [images, labels] = test_images(kTestImages);
  const Pgd pgd({.threat = options_.threat,
                 .steps = kTestSteps,
                 .step_size = std::max(options_.threat.epsilon * 2.5 / kTestSteps,
                                       std::numeric_limits<double>::min())});
  const at::Tensor broken =
      pgd.run(classifier(), images, {.labels = labels}, {.seed = kTestSeed}).success;
  return {concat("accuracy under PGD-", kTestSteps),
          1 - broken.to(at::kDouble).mean().item<double>()};
}

std::map<std::string, at::Tensor> AdversarialTask::state() const {
  std::map<std::string, at::Tensor> state{{"step", at::scalar_tensor(step_, at::kLong)},
                                          {"overfitting", watch_.state()}};
  for (const auto& [name, tensor] : models::state(*average_.module)) {
    state.emplace("average." + name, tensor);
  }
  return state;
}

void AdversarialTask::load_state(const std::map<std::string, at::Tensor>& state) {
  const auto step = state.find("step"), watch = state.find("overfitting");
  if (step == state.end() || watch == state.end() || step->second.numel() != 1) {
    throw InvalidArgument("the checkpoint is of no adversarial training: it lacks its step");
  }
  std::map<std::string, at::Tensor> average;
  for (const auto& [name, tensor] : state) {
    if (name.starts_with("average.")) average.emplace(name.substr(8), tensor);
  }
  models::load_state(*average_.module, average);
  watch_.load(watch->second);
  step_ = step->second.item<std::int64_t>();
}

data::LabelledImages AdversarialTask::test_images(std::int64_t count) const {
  const std::int64_t some = std::min(count, test_count());
  return {images_.test.images.narrow(0, 0, some).to(at::kFloat).div(255.0),
          images_.test.labels.narrow(0, 0, some)};
}

}  // namespace hadal::msp
