#include "hadal/draf/plan/batch.h"

#include "hadal/core/error.h"

#include <algorithm>

namespace hadal::draf::plan {
namespace {

/// All steps after the first, at their mean length: a step's time rises linearly with it.
PassTime decode_time(const PassCost& cost, double recomputed, double sequences, double prompt,
                     double steps, std::int64_t micro_batches) {
  const double length = prompt + (steps + 1) / 2;
  Step step = Step::decode(sequences, length);
  if (recomputed > 0) {
    const double again = 1 + recomputed * (length - 1);
    step = Step::prefill(sequences, again, length - again);
  }
  return cost.alone(step, micro_batches) * steps;
}

}  // namespace

BatchTime batch_time(const Shape& shape, const Cluster& cluster, const Layout& layout,
                     std::int64_t prompt, std::int64_t output) {
  if (prompt < 1 || output < 1) {
    throw InvalidArgument(
        concat("expected lengths of prompt and output from 1, got ", prompt, " and ", output));
  }
  const PassCost cost(shape, cluster, layout);
  const auto sequences = static_cast<double>(layout.batch);
  const auto tokens = static_cast<double>(prompt);
  const auto steps = static_cast<double>(output - 1);
  BatchTime best;
  for (std::int64_t parts = 1; parts <= std::min(layout.pipeline, layout.batch); ++parts) {
    const BatchTime time{
        .prefill = cost.alone(Step::prefill(sequences, tokens), parts),
        .decode = decode_time(cost, cluster.engine.recomputed, sequences, tokens, steps, parts),
        .micro_batches = parts};
    if (parts == 1 || time.seconds() < best.seconds()) best = time;
  }
  return best;
}

}  // namespace hadal::draf::plan
