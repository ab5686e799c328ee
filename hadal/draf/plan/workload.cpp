#include "hadal/draf/plan/workload.h"

#include "hadal/core/error.h"
#include "hadal/core/random.h"

#include <algorithm>
#include <cmath>

namespace hadal::draf::plan {

void check(const Workload& workload) {
  constexpr std::int64_t kMost = 100'000'000;
  const auto fits = [](std::int64_t tokens) { return tokens >= 1 && tokens <= kMost; };
  if (!fits(workload.prompt) || !fits(workload.output)) {
    throw InvalidArgument(concat("expected lengths of prompt and output from 1 to ", kMost,
                                 ", got ", workload.prompt, " and ", workload.output));
  }
  if (!std::isfinite(workload.rate) || workload.rate < 0) {
    throw InvalidArgument(
        concat("expected a rate of requests a second from 0, got ", workload.rate));
  }
}

MeanRequest mean_request(const Workload& workload) {
  if (workload.trace.empty()) {
    const auto prompt = static_cast<double>(workload.prompt);
    const auto output = static_cast<double>(workload.output);
    return {.prompt = prompt, .output = output, .longest = prompt + output, .rate = workload.rate};
  }
  MeanRequest mean;
  for (const Arrival& request : workload.trace) {
    const auto prompt = static_cast<double>(request.prompt);
    const auto output = static_cast<double>(request.output);
    mean.prompt += prompt;
    mean.output += output;
    mean.longest = std::max(mean.longest, prompt + output);
  }
  const auto count = static_cast<double>(workload.trace.size());
  mean.prompt /= count;
  mean.output /= count;
  const double span = workload.trace.back().seconds - workload.trace.front().seconds;
  if (span > 0) mean.rate = (count - 1) / span;
  return mean;
}

std::vector<Arrival> arrivals(const Workload& workload, std::int64_t count, std::uint64_t seed) {
  check(workload);
  std::vector<Arrival> requests;
  requests.reserve(static_cast<std::size_t>(count));
  const std::vector<Arrival>& trace = workload.trace;
  Random random(seed, "arrivals");
  double now = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    if (trace.empty()) {
      requests.push_back({.seconds = now, .prompt = workload.prompt, .output = workload.output});
      if (workload.rate > 0) now -= std::log1p(-random.uniform()) / workload.rate;
      continue;
    }
    const auto turn = static_cast<std::size_t>(i) / trace.size();
    const auto at = static_cast<std::size_t>(i) % trace.size();
    const double begin = trace.front().seconds;
    const double period = trace.back().seconds - begin;
    Arrival request = trace[at];
    request.seconds += static_cast<double>(turn) * period - begin;
    requests.push_back(request);
  }
  return requests;
}

}  // namespace hadal::draf::plan
