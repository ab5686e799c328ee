#pragma once

#include "hadal/draf/plan/pass.h"
#include "hadal/draf/plan/workload.h"

#include <cstdint>
#include <vector>

namespace hadal::draf::plan {

/// Of a sample.
struct Spread {
  double median = 0;
  double p99 = 0;
};

/// What a simulation saw. Seconds.
struct Simulated {
  std::int64_t requests = 0;
  std::int64_t steps = 0;        ///< of all replicas
  Spread first_token = {};       ///< from the arrival to the first token
  Spread token = {};             ///< between tokens of a request, on average over it
  Spread request = {};           ///< from the arrival to the last token
  double mean_request = 0;       ///< of the same
  double requests_a_second = 0;  ///< from the first arrival to the last token
  double tokens_a_second = 0;    ///< generated ones
  double busy = 0;               ///< part of the time that replicas computed
};

struct SimulationOptions {
  std::int64_t step_tokens = 2048;  ///< the most tokens of a step, as the scheduler has it
  double cache_tokens = 1e18;       ///< that a replica's cache holds
};

/// Continuous batching of `arrivals`, in their order, on layout.replicas replicas, each with up to
/// layout.batch sequences: a discrete-event simulation whose steps take as long as `cost` says. A
/// request goes to the replica with the fewest tokens to do. A step computes a token of each
/// sequence that generates and, as far as step_tokens go, parts of prompts in the order of arrival,
/// as draf::Scheduler does; but a request is admitted only when the cache holds all that it will
/// need, so that none is ever preempted. Throws InvalidArgument for a request that no cache holds,
/// and for none at all.
Simulated simulate(const PassCost& cost, const Layout& layout, const std::vector<Arrival>& arrivals,
                   const SimulationOptions& options);

}  // namespace hadal::draf::plan
