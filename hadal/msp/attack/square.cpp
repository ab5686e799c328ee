#include "hadal/msp/attack/square.h"

#include "hadal/core/error.h"
#include "hadal/core/text.h"
#include "hadal/msp/attack/ball.h"
#include "hadal/msp/attack/loss.h"
#include "hadal/msp/attack/rows.h"
#include "hadal/msp/attack/square_moves.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/where.h>

namespace hadal::msp {

Square::Square(const SquareOptions& options) : options_(options) {
  validate(options.threat);
  if (options.threat.norm == Norm::l1 || std::isinf(options.threat.epsilon)) {
    throw InvalidArgument("square: expected linf or l2, and a finite epsilon");
  }
  if (options.queries < 1 || options.restarts < 1 || !(options.share > 0 && options.share <= 1)) {
    throw InvalidArgument(
        "square: expected 1 or more queries and restarts, and a share above 0 and at most 1");
  }
}

double square_share(double first, std::int64_t query) {
  constexpr std::array<std::int64_t, 9> kHalvedAfter = {10,   50,   200,  500, 1000,
                                                        2000, 4000, 6000, 8000};
  const auto passed = std::count_if(kHalvedAfter.begin(), kHalvedAfter.end(),
                                    [&](std::int64_t after) { return query > after; });
  return std::ldexp(first, -static_cast<int>(passed));
}

at::Tensor Square::find(const Problem& problem) const {
  if (problem.inputs().dim() != 4) {
    throw InvalidArgument(concat("square: expected images [n, channels, height, width], got ",
                                 shape_text(problem.inputs().sizes())));
  }
  return with_restarts(problem, options_.restarts,
                       [&](const Problem& open, int run) { return search(open, run); });
}

at::Tensor Square::search(const Problem& problem, int run) const {
  const auto lead_of = [](const Problem& open, const at::Tensor& logits) {
    return loss_of(Loss::margin, logits, open.goal());
  };
  Problem open = problem;
  Ball ball(options_.threat, problem.inputs());
  Streams streams = problem.streams(name(), run);
  at::Tensor x = first_move(ball, streams);
  at::Tensor lead;
  at::Tensor points = problem.inputs().clone();
  at::Tensor rows = at::arange(problem.size(), problem.goal().labels.options());
  for (int query = 0; query < options_.queries; ++query) {
    at::Tensor tried = x;
    if (query > 0) {
      const std::int64_t schedule = options_.rescale_schedule
                                        ? std::int64_t{10000} * (query - 1) / options_.queries
                                        : query - 1;
      tried = next_move(ball, x, square_share(options_.share, schedule), streams);
    }
    const at::Tensor logits = open.logits(tried);
    const at::Tensor reached = open.goal().reached(logits);
    const at::Tensor lead_now = lead_of(open, logits);
    const at::Tensor better =
        lead.defined() ? reached.logical_or(lead_now > lead) : lead_now == lead_now;
    lead = lead.defined() ? at::where(better, lead_now, lead) : lead_now;
    x = at::where(column(better, x), tried, x);
    if (!reached.any().item<bool>()) continue;
    points.index_copy_(0, rows, x);
    const at::Tensor left = places_of(reached.logical_not());
    if (left.numel() == 0) return points;
    keep_rows(left, {&x, &lead, &rows});
    open = open.rows(left);
    ball = ball.rows(left);
    streams.keep(left);
  }
  return points.index_copy_(0, rows, x);
}

}  // namespace hadal::msp
