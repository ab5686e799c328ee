#pragma once

#include "hadal/draf/plan/pass.h"
#include "hadal/draf/plan/simulate.h"
#include "hadal/draf/plan/workload.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <queue>
#include <utility>
#include <vector>

namespace hadal::draf::plan {

/// When a request got its first and last token.
struct Progress {
  double first = 0;
  double last = 0;
};

/// One replica of a simulation. Steps that compute the same number of tokens run in a burst, which
/// an arrival cuts short: the time that a simulation takes depends on requests, not on tokens.
class Replica {
 public:
  static constexpr double kNever = std::numeric_limits<double>::infinity();

  Replica(const PassCost& cost, const Layout& layout, const SimulationOptions& options)
      : cost_(&cost), options_(options), batch_(layout.batch) {}

  /// A request that arrives now; `id` is its place among `requests`.
  void submit(std::size_t id, const std::vector<Arrival>& requests, double now);
  /// Ends the burst that ends now and begins the next. Writes `progress` of its requests; returns
  /// the tokens of those that ended.
  double advance(const std::vector<Arrival>& requests, std::vector<Progress>& progress, double now);
  /// When the burst ends; kNever where there is none.
  double next() const { return end_; }
  double busy() const { return busy_; }
  std::int64_t steps() const { return steps_; }

 private:
  struct Prompt {
    std::size_t id;
    std::int64_t done;
    std::int64_t slice;  // of the step under way
  };
  using Finish = std::pair<std::int64_t, std::size_t>;  // step and request

  void admit(const std::vector<Arrival>& requests);
  bool admits(const Arrival& request) const;
  void begin(const std::vector<Arrival>& requests, double now);
  Step slice_prompts(const std::vector<Arrival>& requests);
  double finish(const Arrival& request, Progress& progress, double now);

  const PassCost* cost_;
  SimulationOptions options_;
  std::int64_t batch_;
  std::deque<std::size_t> waiting_;
  std::deque<Prompt> prompts_;
  std::priority_queue<Finish, std::vector<Finish>, std::greater<>> running_;
  double cache_tokens_ = 0;     // of running sequences
  double reserved_tokens_ = 0;  // that admitted requests will need
  std::int64_t steps_ = 0;
  std::int64_t burst_ = 0;  // steps
  double begin_ = 0;
  double step_seconds_ = 0;
  double end_ = kNever;
  double busy_ = 0;
};

}  // namespace hadal::draf::plan
