#include "hadal/hpts/distributed/scaling.h"

#include "hadal/core/error.h"

#include <algorithm>

namespace hadal::hpts {

double modelled_step_seconds(const MeasuredStep& step, const Network& network, int processes) {
  if (processes < 1 || !(step.compute_seconds >= 0) || step.payload_bytes < 0 ||
      step.collectives < 0 || !(step.overlap >= 0 && step.overlap <= 1)) {
    throw InvalidArgument(
        concat("scaling: expected 1 or more processes, times and counts from 0 and "
               "an overlap from 0 to 1, got ",
               processes, ", ", step.compute_seconds, " s, ", step.payload_bytes, " bytes, ",
               step.collectives, " and ", step.overlap));
  }
  if (!(network.latency_seconds >= 0) || !(network.bits_per_second > 0)) {
    throw InvalidArgument(concat("scaling: expected a latency from 0 and a rate above 0, got ",
                                 network.latency_seconds, " s and ", network.bits_per_second,
                                 " bit/s"));
  }
  const double rounds = 2.0 * (processes - 1);
  const double communication =
      rounds *
      (static_cast<double>(step.collectives) * network.latency_seconds +
       8.0 * static_cast<double>(step.payload_bytes) / processes / network.bits_per_second);
  const double hidden = std::min(step.overlap * communication, step.compute_seconds);
  return step.compute_seconds + communication - hidden;
}

}  // namespace hadal::hpts
