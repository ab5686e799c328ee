#include "hadal/msp/backdoor/detect/trigger_search.h"

#include "hadal/core/error.h"
#include "hadal/core/random.h"
#include "hadal/msp/attack/adam.h"
#include "hadal/msp/attack/rows.h"
#include "hadal/msp/backdoor/poison/image_check.h"
#include "hadal/msp/backdoor/poison/poison.h"

#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/where.h>
#include <torch/csrc/autograd/autograd.h>

namespace hadal::msp {
namespace {

constexpr int kPatience = 5;
constexpr double kFactor = 1.5;

/// The weight of each class's size in the loss.
class Costs {
 public:
  Costs(std::int64_t classes, double first)
      : costs_(static_cast<std::size_t>(classes), first),
        successes_(costs_.size()),
        failures_(costs_.size()) {}

  at::Tensor tensor() const { return at::tensor(costs_, at::kFloat); }

  /// `reached` is bool [classes].
  void follow(const at::Tensor& reached) {
    for (std::size_t k = 0; k < costs_.size(); ++k) {
      const bool success = reached[static_cast<std::int64_t>(k)].item<bool>();
      int& now = success ? successes_[k] : failures_[k];
      (success ? failures_[k] : successes_[k]) = 0;
      if (++now < kPatience) continue;
      now = 0;
      costs_[k] *= success ? kFactor : 1 / std::pow(kFactor, 1.5);
    }
  }

 private:
  std::vector<double> costs_;
  std::vector<int> successes_, failures_;  // batches in a row
};

/// Keeps, for each class, the parts of the smallest trigger that reached its class.
void keep_smaller(SmallestTriggers& best, const StampedBatch& batch, const at::Tensor& reached) {
  const at::Tensor sizes = batch.sizes.detach().to(at::kDouble);
  if (best.parts.empty()) {
    for (const at::Tensor& part : batch.parts) best.parts.push_back(part.detach().clone());
  }
  const at::Tensor found = best.sizes.isfinite();
  const at::Tensor better = reached.logical_and(sizes < best.sizes);
  const at::Tensor taken = better.logical_or(found.logical_not());
  for (std::size_t i = 0; i < best.parts.size(); ++i) {
    best.parts[i] = at::where(column(taken, best.parts[i]), batch.parts[i].detach(), best.parts[i]);
  }
  best.sizes = at::where(better, sizes, best.sizes);
}

/// Images of step 0, 1, ...: a few at random, drawn anew each time.
class Draws {
 public:
  Draws(const at::Tensor& images, const TriggerSearchOptions& options)
      : images_(images), batch_(options.batch), random_(options.seed, "trigger search") {}
  at::Tensor next() {
    std::vector<std::int64_t> rows;
    for (std::int64_t i = 0; i < batch_; ++i) {
      const auto row = random_.below(static_cast<std::uint64_t>(images_.size(0)));
      rows.push_back(static_cast<std::int64_t>(row));
    }
    return images_.index_select(0, at::tensor(rows, at::kLong));
  }

 private:
  at::Tensor images_;
  std::int64_t batch_;
  Random random_;
};

}  // namespace

void validate(const TriggerSearchOptions& options, const char* what) {
  if (options.steps < 1 || options.batch < 1 || !(options.success > 0 && options.success <= 1)) {
    throw InvalidArgument(concat(what,
                                 ": expected 1 or more steps and images a batch, and a "
                                 "success in (0, 1]"));
  }
}

SmallestTriggers search_triggers(const Suspect& suspect, std::vector<at::Tensor> parameters,
                                 const BatchStamp& stamp, const TriggerSearchRates& rates,
                                 const TriggerSearchOptions& options) {
  const std::int64_t classes = suspect.classes;
  SmallestTriggers best{.sizes = at::full({classes}, INFINITY, at::kDouble), .parts = {}};
  Costs costs(classes, rates.first_cost);
  Draws draws(suspect.images, options);
  std::vector<Adam> optimizers(parameters.size(), Adam(rates.learning));
  const at::Tensor targets = at::arange(classes).repeat_interleave(options.batch);
  for (int step = 0; step < options.steps; ++step) {
    options.check_interrupt();
    for (at::Tensor& parameter : parameters) parameter = parameter.detach().requires_grad_();
    const StampedBatch batch = stamp(parameters, draws.next());
    const at::Tensor logits = suspect.classifier(batch.images.flatten(0, 1));
    const at::Tensor losses = at::cross_entropy_loss(logits, targets, {}, at::Reduction::None);
    const at::Tensor loss = losses.sum() / options.batch + (costs.tensor() * batch.sizes).sum();
    const auto gradients = torch::autograd::grad({loss}, parameters);
    const at::NoGradGuard no_grad;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      parameters[i] = optimizers[i].step(parameters[i].detach(), gradients[i]);
    }
    const at::Tensor reached = logits.detach()
                                   .argmax(1)
                                   .eq(targets)
                                   .to(at::kDouble)
                                   .view({classes, options.batch})
                                   .mean(1)
                                   .ge(options.success);
    keep_smaller(best, batch, reached);
    costs.follow(reached);
  }
  best.sizes = best.sizes.clamp_max(rates.largest);
  return best;
}

double success_on(const Suspect& suspect, const Trigger& trigger, std::int64_t target) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> predicted;
  for (const at::Tensor& batch : suspect.images.split(250)) {
    predicted.push_back(suspect.classifier(batch).argmax(1));
  }
  const at::Tensor labels = at::cat(predicted);
  if (labels.eq(target).all().item<bool>()) return 0;
  return attack_success(suspect.classifier, suspect.images, labels, trigger, target);
}

}  // namespace hadal::msp
