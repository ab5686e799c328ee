#pragma once

#include <cstdint>

namespace hadal::hpts {

/// One step of data-parallel training as it was measured with few processes.
struct MeasuredStep {
  double compute_seconds = 0;      ///< without any communication
  std::int64_t payload_bytes = 0;  ///< handed to all-reduce
  std::int64_t collectives = 0;
  double overlap = 0;  ///< share of the communication that compute hides, 0 to 1
};

/// A link of every process to a switch that never blocks.
struct Network {
  double latency_seconds = 0;  ///< alpha: of one message
  double bits_per_second = 0;  ///< 8 / beta
};

/// The step's seconds with `processes` of them, by the alpha-beta model of the ring all-reduce
/// (Thakur, Rabenseifner and Gropp, 2005): c collectives over b bytes take
///
///     2 (n - 1) (c alpha + b beta / n)
///
/// of which `overlap` is hidden by compute, as far as compute lasts. It is a model, not a
/// measurement: no stragglers, no congestion. Throws InvalidArgument for fewer than 1 process, or
/// values out of range.
double modelled_step_seconds(const MeasuredStep& step, const Network& network, int processes);

}  // namespace hadal::hpts
