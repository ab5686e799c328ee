#include "hadal/msp/attack/carlini_wagner.h"

#include "hadal/core/error.h"
#include "hadal/msp/attack/adam.h"
#include "hadal/msp/attack/loss.h"
#include "hadal/msp/attack/rows.h"

#include <limits>

#include <ATen/TensorOperators.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

namespace hadal::msp {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// The nearest points found, and how far they are: infinitely where none is.
struct Best {
  at::Tensor points;
  at::Tensor distances;  // fp64 [n]

  void offer(const at::Tensor& found, const at::Tensor& reached, const at::Tensor& inputs) {
    const at::Tensor away = distance(Norm::l2, found, inputs);
    const at::Tensor nearer = reached.logical_and(away < distances);
    points = at::where(column(nearer, points), found, points);
    distances = at::where(nearer, away, distances);
  }
};

/// The constants of each input, and the bounds between which they are searched.
struct Constants {
  at::Tensor value, below, above;  // fp64 [n]

  void narrow(const at::Tensor& reached) {
    above = at::where(reached, value, above);
    below = at::where(reached, below, value);
    value = at::where(above.isinf(), value * 10, (below + above) / 2);
  }
};

}  // namespace

CarliniWagner::CarliniWagner(const CarliniWagnerOptions& options) : options_(options) {
  validate(options.threat);
  if (options.threat.norm != Norm::l2) {
    throw InvalidArgument("carlini-wagner: expected l2", "use Fab for other norms");
  }
  if (!(options.initial_constant > 0) || options.searches < 1 || options.steps < 1 ||
      !(options.learning_rate > 0) || !(options.confidence >= 0)) {
    throw InvalidArgument(
        "carlini-wagner: expected a constant and a learning rate above 0, 1 or "
        "more searches and steps, and a confidence of 0 or more");
  }
}

at::Tensor CarliniWagner::find(const Problem& problem) const {
  const Threat& range = options_.threat;
  const double half = (range.high - range.low) / 2;
  const double center = (range.high + range.low) / 2;
  const at::Tensor& clean = problem.inputs();
  // A little inwards, as the ends of the range are infinitely far there.
  const at::Tensor start = ((clean - center) / half * (1 - 1e-6)).atanh();
  const at::Tensor each = distance(Norm::l2, clean, clean);
  Best best{clean.clone(), at::full_like(each, kInfinity)};
  Constants constants{at::full_like(each, options_.initial_constant), at::zeros_like(each),
                      at::full_like(each, kInfinity)};
  for (int search = 0; search < options_.searches; ++search) {
    Adam adam(options_.learning_rate);
    at::Tensor w = start;
    at::Tensor ever = at::zeros_like(each, at::kBool);
    const at::Tensor weight = column(constants.value, clean).to(clean.scalar_type());
    for (int step = 0; step < options_.steps; ++step) {
      const at::Tensor squashed = w.tanh();
      const at::Tensor x = squashed * half + center;
      const auto [logits, lead, gradient] = problem.evaluate(
          x, [&](const at::Tensor& z) { return loss_of(Loss::margin, z, problem.goal()); });
      const at::Tensor reached =
          problem.goal().reached(logits).logical_and(lead >= options_.confidence);
      best.offer(x, reached, clean);
      ever = ever.logical_or(reached);
      const at::Tensor pushed = column(lead < options_.confidence, x);
      const at::Tensor slope = (x - clean) * 2 - at::where(pushed, gradient * weight, 0.0);
      w = adam.step(w, slope * (1 - squashed.square()) * half);
    }
    constants.narrow(ever);
  }
  return best.points;
}

}  // namespace hadal::msp
