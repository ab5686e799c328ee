#include "hadal/msp/defend/anti_adversary.h"

#include "hadal/core/error.h"
#include "hadal/msp/attack/loss.h"
#include "hadal/msp/attack/pgd.h"
#include "hadal/msp/attack/rows.h"
#include "hadal/msp/attack/square.h"
#include "hadal/msp/attack/stand_in.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

namespace hadal::msp {
namespace {

constexpr int kPgdSteps = 40;
constexpr int kQueries = 500;

/// The gradient at `x` of the cross-entropy of the class that `base` takes it for.
at::Tensor doubt(const Classifier& base, const at::Tensor& x, const at::Tensor& classes,
                 bool again) {
  const at::Tensor loss = cross_entropy(base(x), classes).sum();
  return torch::autograd::grad({loss}, {x}, {}, /*retain_graph=*/again, /*create_graph=*/again)[0];
}

/// The sign, with the gradient of tanh(g / mean |g|).
at::Tensor soft_sign(const at::Tensor& gradient) {
  return straight_through(
      gradient, [](const at::Tensor& g) { return g.sign(); },
      [](const at::Tensor& g) {
        const at::Tensor scale = column(g.detach().flatten(1).abs().mean(1), g);
        return (g / scale.clamp_min(std::numeric_limits<float>::min())).tanh();
      });
}

at::Tensor classify(const Classifier& base, const at::Tensor& inputs,
                    const AntiAdversaryOptions& options) {
  const bool unrolled = options.unrolled && at::GradMode::is_enabled() && inputs.requires_grad();
  at::Tensor moved;
  {
    const at::AutoGradMode with_grad(true);
    const at::Tensor start = unrolled ? inputs : inputs.detach();
    const at::Tensor classes = base(start).detach().argmax(1);
    at::Tensor x = start;
    for (int step = 0; step < options.steps; ++step) {
      if (!unrolled) x = x.detach().requires_grad_();
      const at::Tensor gradient = doubt(base, x, classes, unrolled);
      x = x - options.step_size * (unrolled ? soft_sign(gradient) : gradient.sign());
    }
    moved = x - start;
    if (!unrolled) moved = moved.detach();
  }
  return base(inputs + moved);
}

}  // namespace

Classifier anti_adversary(Classifier base, const AntiAdversaryOptions& options) {
  if (options.steps < 1 || !(options.step_size > 0) || !std::isfinite(options.step_size)) {
    throw InvalidArgument("anti-adversary: expected 1 or more steps, and a positive step size");
  }
  return [base = std::move(base), options](const at::Tensor& inputs) {
    return classify(base, inputs, options);
  };
}

std::vector<std::shared_ptr<const Attack>> anti_adversary_attacks(
    const Classifier& base, const Threat& threat, const AntiAdversaryOptions& options) {
  const auto pgd = [&](bool early_stop) {
    return std::make_shared<Pgd>(PgdOptions{
        .threat = threat,
        .steps = kPgdSteps,
        .step_size = std::max(threat.epsilon * 2.5 / kPgdSteps, std::numeric_limits<double>::min()),
        .loss = Loss::margin,
        .early_stop = early_stop});
  };
  AntiAdversaryOptions known = options;
  known.unrolled = true;
  return {transfer_attack(pgd(false), base),
          std::make_shared<StandInAttack>(
              "unrolled pgd", pgd(true),
              [base, known](const Classifier&) { return anti_adversary(base, known); }),
          std::make_shared<Square>(SquareOptions{.threat = threat, .queries = kQueries})};
}

}  // namespace hadal::msp
