#include "hadal/bench/cases/cv/trained_classifiers.h"
#include "hadal/bench/cases/input.h"
#include "hadal/bench/runner/registry.h"
#include "hadal/core/error.h"
#include "hadal/core/random.h"
#include "hadal/msp/attack/pgd.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/autograd.h>

namespace hadal::bench::attack_pgd20 {
namespace {

constexpr int kSteps = 20;

struct Attacked {
  TrainedClassifiers classifiers;
  at::Tensor images, labels;
  double epsilon = 0;
  std::uint64_t seed = 0;

  double step_size() const { return epsilon / 4; }
};

/// PGD as torchattacks has it: every step for every image, through the model as it was trained.
at::Tensor plain_pgd(const Attacked& x) {
  seed_aten(x.seed);
  at::Tensor points = at::empty_like(x.images).uniform_(-x.epsilon, x.epsilon) + x.images;
  points = points.clamp(0, 1);
  for (int step = 0; step < kSteps; ++step) {
    points = points.detach().requires_grad_();
    const at::Tensor logits = x.classifiers.plain(x.classifiers.normalize(points));
    const at::Tensor loss = at::cross_entropy_loss(logits, x.labels);
    const at::Tensor gradient = torch::autograd::grad({loss}, {points})[0];
    const at::Tensor moved = points.detach() + gradient.sign() * x.step_size() - x.images;
    points = (x.images + moved.clamp(-x.epsilon, x.epsilon)).clamp(0, 1);
  }
  return points;
}

at::Tensor hadal_pgd(const Attacked& x) {
  const msp::Classifier classifier = [&](const at::Tensor& images) {
    return x.classifiers.folded(x.classifiers.normalize(images));
  };
  const msp::Pgd pgd(
      {.threat = {.epsilon = x.epsilon}, .steps = kSteps, .step_size = x.step_size()});
  return pgd.run(classifier, x.images, {.labels = x.labels}, {.seed = x.seed}).points;
}

/// The share of images that the model as it was trained gets wrong.
double success(const Attacked& x, const at::Tensor& points) {
  const at::NoGradGuard no_grad;
  return 1 - accuracy(x.classifiers.plain(x.classifiers.normalize(points)), x.labels);
}

Workload prepare(const Context& context) {
  const TrainedClassifiers classifiers = trained_classifiers(context);
  const std::int64_t count = context.scale == Scale::quick ? 16 : 250;
  const bool is_real = !classifiers.data.generated;
  const Attacked x{.classifiers = classifiers,
                   .images = classifiers.images.narrow(0, 0, count),
                   .labels = classifiers.labels.narrow(0, 0, count),
                   .epsilon = is_real ? 8.0 / 255 : 0.2,
                   .seed = context.seed};
  return {.data = data_source(
              concat(classifiers.data.description, ", ", count, " attacked within ", x.epsilon),
              !is_real, {x.images, x.labels}),
          .quality =
              [x] {
                return Quality{.baseline = success(x, plain_pgd(x)),
                               .candidate = success(x, hadal_pgd(x))};
              },
          .baseline = [x] { plain_pgd(x); },
          .candidate = [x] { hadal_pgd(x); }};
}

Case make_case() {
  return {
      .id = "cv/attack-pgd20",
      .domain = Domain::cv,
      .module = "msp",
      .summary =
          "PGD with 20 steps on 250 images (16 in a quick run), linf: every step for every image, "
          "against done once broken, with batch norms folded",
      .baseline = "LibTorch, the loop that torchattacks has",
      .candidate = "msp::Pgd on the model with its batch norms folded",
      .gate = {.metric = "images that are wrong under attack",
               .bound = QualityResult::Bound::at_least,
               .target = 0.8,
               .most_relative_loss = 0.005},
      .real_data = kTrainedClassifierData,
      .prepare = prepare};
}

HADAL_BENCH_CASE(make_case);

}  // namespace
}  // namespace hadal::bench::attack_pgd20
