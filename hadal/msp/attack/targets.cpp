#include "hadal/msp/attack/targets.h"

#include "hadal/core/error.h"

#include <algorithm>
#include <limits>

namespace hadal::msp {

int target_count(const Problem& problem, int wanted) {
  if (problem.goal().is_targeted()) {
    throw InvalidArgument("attack: tries several targets, so that the goal may have none",
                          "leave the targets out, or set the attack's target classes to 0");
  }
  const at::Tensor first = problem.inputs().slice(0, 0, 1);
  return static_cast<int>(std::min<std::int64_t>(wanted, problem.logits(first).size(1) - 1));
}

at::Tensor ranked_target(const Problem& problem, int rank) {
  const at::Tensor logits = problem.logits(problem.inputs());
  const at::Tensor others = logits.scatter(1, problem.goal().labels.unsqueeze(1),
                                           -std::numeric_limits<double>::infinity());
  return std::get<1>(others.sort(1, /*descending=*/true)).select(1, rank);
}

}  // namespace hadal::msp
