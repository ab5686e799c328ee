#include "hadal/draf/plan/simulate.h"

#include "hadal/core/error.h"
#include "hadal/core/statistics.h"
#include "hadal/draf/plan/replica.h"

#include <algorithm>
#include <functional>
#include <queue>
#include <set>
#include <utility>

namespace hadal::draf::plan {
namespace {

void check(const std::vector<Arrival>& arrivals, const SimulationOptions& options) {
  if (arrivals.empty()) throw InvalidArgument("expected a request at least to simulate");
  if (options.step_tokens < 1) {
    throw InvalidArgument(concat("expected steps of a token at least, got ", options.step_tokens));
  }
  for (const Arrival& request : arrivals) {
    const auto tokens = static_cast<double>(request.prompt + request.output);
    if (tokens <= options.cache_tokens) continue;
    throw InvalidArgument(
        concat("a request of ", tokens, " tokens never fits a cache of ", options.cache_tokens));
  }
}

class Simulation {
 public:
  Simulation(const PassCost& cost, const Layout& layout, const std::vector<Arrival>& arrivals,
             const SimulationOptions& options)
      : arrivals_(arrivals),
        progress_(arrivals.size()),
        replicas_(static_cast<std::size_t>(layout.replicas), Replica(cost, layout, options)),
        load_(replicas_.size()) {
    for (std::size_t i = 0; i < replicas_.size(); ++i) by_load_.emplace(0.0, i);
  }

  void run() {
    for (std::size_t id = 0; id < arrivals_.size(); ++id) {
      const double now = arrivals_[id].seconds;
      advance_to(now);
      const std::size_t least = by_load_.begin()->second;
      change_load(least, static_cast<double>(arrivals_[id].prompt + arrivals_[id].output));
      const double before = replicas_[least].next();
      replicas_[least].submit(id, arrivals_, now);
      if (replicas_[least].next() != before) expect(least);
    }
    advance_to(Replica::kNever);
  }

  Simulated result() const {
    Simulated result{.requests = static_cast<std::int64_t>(arrivals_.size())};
    std::vector<double> first, token, request;
    double end = 0;
    double tokens = 0;
    for (std::size_t id = 0; id < arrivals_.size(); ++id) {
      const Arrival& asked = arrivals_[id];
      const Progress& got = progress_[id];
      first.push_back(got.first - asked.seconds);
      request.push_back(got.last - asked.seconds);
      const auto steps = static_cast<double>(asked.output - 1);
      if (steps > 0) token.push_back((got.last - got.first) / steps);
      end = std::max(end, got.last);
      tokens += static_cast<double>(asked.output);
    }
    result.first_token = spread(first);
    result.request = spread(request);
    result.mean_request = mean(request);
    if (!token.empty()) result.token = spread(token);
    const double span = end - arrivals_.front().seconds;
    result.requests_a_second = static_cast<double>(arrivals_.size()) / span;
    result.tokens_a_second = tokens / span;
    for (const Replica& replica : replicas_) {
      result.steps += replica.steps();
      result.busy += replica.busy() / span / static_cast<double>(replicas_.size());
    }
    return result;
  }

 private:
  using Event = std::pair<double, std::size_t>;  // time and replica

  static Spread spread(const std::vector<double>& values) {
    return {.median = quantile(values, 0.5), .p99 = quantile(values, 0.99)};
  }

  void expect(std::size_t replica) {
    const double next = replicas_[replica].next();
    if (next != Replica::kNever) events_.emplace(next, replica);
  }

  void advance_to(double now) {
    while (!events_.empty() && events_.top().first <= now) {
      const auto [time, replica] = events_.top();
      events_.pop();
      // A burst that was cut short left its old end behind.
      if (replicas_[replica].next() != time) continue;
      change_load(replica, -replicas_[replica].advance(arrivals_, progress_, time));
      expect(replica);
    }
  }

  void change_load(std::size_t replica, double tokens) {
    by_load_.erase({load_[replica], replica});
    load_[replica] += tokens;
    by_load_.emplace(load_[replica], replica);
  }

  const std::vector<Arrival>& arrivals_;
  std::vector<Progress> progress_;
  std::vector<Replica> replicas_;
  std::vector<double> load_;  // tokens to do
  std::set<Event> by_load_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
};

}  // namespace

Simulated simulate(const PassCost& cost, const Layout& layout, const std::vector<Arrival>& arrivals,
                   const SimulationOptions& options) {
  check(arrivals, options);
  Simulation simulation(cost, layout, arrivals, options);
  simulation.run();
  return simulation.result();
}

}  // namespace hadal::draf::plan
