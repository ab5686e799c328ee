#pragma once

#include "hadal/draf/plan/memory.h"
#include "hadal/draf/plan/pass.h"
#include "hadal/draf/plan/simulate.h"
#include "hadal/draf/plan/workload.h"

#include <cstdint>
#include <optional>

namespace hadal::draf::plan {

/// A layout and what the analytical model says of it. Seconds.
struct Candidate {
  Layout layout;
  DeviceMemory memory;             ///< with the whole batch at the mean length
  double running = 0;              ///< sequences of a replica that generate, on average
  PassTime step = {};              ///< in the steady state
  double tokens_a_second = 0;      ///< that the cluster can generate
  double requests_a_second = 0;    ///< that it can serve
  double first_token_seconds = 0;  ///< without waiting for a place in the batch
  double token_seconds = 0;
  double request_seconds = 0;
  /// Arriving requests a second as a part of those that it can serve: 1 and above is too much; 0
  /// where as many arrive as can be served.
  double load = 0;
  std::optional<Simulated> simulated = {};
};

/// Prices continuous batching in the steady state: each step computes a token of each sequence that
/// generates, and its share of the prompts of those that follow. Where the rate is 0 the batch is
/// always full; else as many sequences run as Little's law says.
Candidate evaluate(const Shape& shape, const Cluster& cluster, const Layout& layout,
                   const MeanRequest& request, std::int64_t step_tokens);

}  // namespace hadal::draf::plan
