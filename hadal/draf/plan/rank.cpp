#include "hadal/draf/plan/rank.h"

#include "hadal/core/error.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <tuple>

namespace hadal::draf::plan {
namespace {

// The most requests of a simulation, which keep it within seconds.
constexpr std::int64_t kMostRequests = 60'000;

void check(const PlanOptions& options) {
  const auto refuse = [](const std::string& what, auto value) {
    throw InvalidArgument(concat("plan: expected ", what, ", got ", value));
  };
  const auto limit = [&](const char* name, double seconds) {
    if (!std::isfinite(seconds) || seconds < 0) {
      refuse(concat(name, " from 0 seconds, which is any"), seconds);
    }
  };
  limit("a limit of the first token's time", options.most_first_token);
  limit("a limit of a token's time", options.most_token);
  if (!(options.reserve >= 0 && options.reserve < 1)) {
    refuse("a reserve of memory from 0 to below 1", options.reserve);
  }
  if (options.step_tokens < 1) refuse("a token a step at least", options.step_tokens);
  if (options.most_batch < 1) refuse("a batch of 1 at least", options.most_batch);
  if (options.simulate < 0) refuse("a number of simulations from 0", options.simulate);
  if (options.requests < 0) refuse("a number of requests from 0", options.requests);
}

class Ranking {
 public:
  Ranking(const Shape& shape, const Cluster& cluster, const Workload& workload,
          const PlanOptions& options)
      : workload_(workload),
        plan_{.shape = shape,
              .cluster = cluster,
              .request = mean_request(workload),
              .options = options,
              .ranked = {},
              .left_out = {}} {}

  Plan run() {
    for (const std::int64_t tensor : tensor_sizes()) {
      for (const std::int64_t pipeline : pipeline_sizes(tensor)) add(tensor, pipeline);
    }
    if (plan_.ranked.empty()) refuse();
    std::ranges::sort(plan_.ranked, {}, [&](const Candidate& c) { return key(c); });
    simulate_best();
    return std::move(plan_);
  }

 private:
  std::vector<std::int64_t> tensor_sizes() const {
    const Shape& shape = plan_.shape;
    const std::int64_t node = plan_.cluster.devices_per_node;
    std::vector<std::int64_t> sizes;
    for (std::int64_t size = 1; size <= std::min(shape.heads, plan_.cluster.devices()); ++size) {
      const bool fills = size <= node ? node % size == 0 : size % node == 0;
      const bool shares = shape.kv_heads % size == 0 || size % shape.kv_heads == 0;
      if (fills && shares && shape.heads % size == 0) sizes.push_back(size);
    }
    return sizes;
  }

  /// Those whose largest stage is smaller than with one stage less.
  std::vector<std::int64_t> pipeline_sizes(std::int64_t tensor) const {
    const std::int64_t layers = plan_.shape.layers;
    std::vector<std::int64_t> sizes;
    std::int64_t smallest = layers + 1;
    for (std::int64_t size = 1; size <= std::min(layers, plan_.cluster.devices() / tensor);
         ++size) {
      const std::int64_t stage = (layers + size - 1) / size;
      if (stage < smallest) sizes.push_back(size);
      smallest = std::min(smallest, stage);
    }
    return sizes;
  }

  /// The best batch of a layout.
  void add(std::int64_t tensor, std::int64_t pipeline) {
    Layout layout{.tensor = tensor, .pipeline = pipeline};
    layout.replicas = plan_.cluster.devices() / (tensor * pipeline);
    const double length = plan_.request.longest;
    const std::int64_t fits = std::min(
        plan_.options.most_batch,
        most_sequences(plan_.shape, plan_.cluster, layout, length,
                       static_cast<double>(plan_.options.step_tokens), plan_.options.reserve));
    if (fits < 1) ++plan_.left_out.memory;
    std::optional<Candidate> best;
    for (layout.batch = 1; layout.batch <= fits; layout.batch *= 2) {
      const auto candidate = consider(layout);
      if (candidate && (!best || key(*candidate) < key(*best))) best = candidate;
    }
    if (best) plan_.ranked.push_back(*best);
  }

  Candidate price(const Layout& layout) const {
    return evaluate(plan_.shape, plan_.cluster, layout, plan_.request, plan_.options.step_tokens);
  }

  std::optional<Candidate> consider(Layout layout) {
    Candidate candidate = price(layout);
    if (plan_.options.goal == Goal::memory) {
      // What one replica serves, and a tenth to spare.
      const double one = candidate.requests_a_second / static_cast<double>(layout.replicas);
      const auto needed = static_cast<std::int64_t>(std::ceil(1.1 * plan_.request.rate / one));
      layout.replicas = std::clamp<std::int64_t>(needed, 1, layout.replicas);
      candidate = price(layout);
    }
    const PlanOptions& options = plan_.options;
    if (candidate.load >= 1) {
      ++plan_.left_out.overloaded;
    } else if (options.most_first_token > 0 &&
               candidate.first_token_seconds > options.most_first_token) {
      ++plan_.left_out.first_token;
    } else if (options.most_token > 0 && candidate.token_seconds > options.most_token) {
      ++plan_.left_out.token;
    } else {
      return candidate;
    }
    return std::nullopt;
  }

  /// The smaller the better. Of those that differ by less than a thousandth, the one of fewer
  /// devices, and then of the larger batch, which bears more than the mean load.
  std::tuple<std::int64_t, std::int64_t, std::int64_t> key(const Candidate& c) const {
    double value = 1 / c.tokens_a_second;
    if (plan_.options.goal == Goal::latency) value = c.request_seconds;
    if (plan_.options.goal == Goal::memory) {
      value = c.memory.total() * static_cast<double>(c.layout.devices());
    }
    const auto thousandths = static_cast<std::int64_t>(std::floor(1000 * std::log(value)));
    return {thousandths, c.layout.devices(), -c.layout.batch};
  }

  [[noreturn]] void refuse() const {
    const LeftOut& out = plan_.left_out;
    throw InvalidArgument(
        concat("no layout of ", plan_.shape.name, " does on ", plan_.cluster.devices(),
               " devices of ", plan_.cluster.name),
        concat("left out: ", out.memory, " for memory, ", out.overloaded,
               " for the rate of requests, ", out.first_token, " for the first token's time, ",
               out.token, " for a token's time"));
  }

  /// Enough to fill each replica's batch a few times.
  std::int64_t requests_for(const Layout& layout) const {
    if (plan_.options.requests > 0) return plan_.options.requests;
    constexpr std::int64_t kLeast = 2000;
    return std::clamp(4 * layout.replicas * layout.batch, kLeast, kMostRequests);
  }

  /// What arrives: as the workload says, or a part of what the layout can serve.
  std::vector<Arrival> arrivals_for(const Candidate& candidate) const {
    Workload workload = workload_;
    if (workload.trace.empty() && workload.rate == 0) {
      workload.rate = kLoadOfSimulation * candidate.requests_a_second;
    }
    return arrivals(workload, requests_for(candidate.layout), plan_.options.seed);
  }

  void simulate_best() {
    const auto count =
        std::min(plan_.ranked.size(), static_cast<std::size_t>(plan_.options.simulate));
    for (std::size_t i = 0; i < count; ++i) {
      Candidate& candidate = plan_.ranked[i];
      const Layout& layout = candidate.layout;
      const PassCost cost(plan_.shape, plan_.cluster, layout);
      const std::int64_t tokens =
          most_sequences(plan_.shape, plan_.cluster, layout, 1,
                         static_cast<double>(plan_.options.step_tokens), plan_.options.reserve);
      candidate.simulated = simulate(
          cost, layout, arrivals_for(candidate),
          {.step_tokens = plan_.options.step_tokens, .cache_tokens = static_cast<double>(tokens)});
    }
    if (plan_.options.goal != Goal::latency) return;
    std::ranges::stable_sort(plan_.ranked.begin(),
                             plan_.ranked.begin() + static_cast<std::ptrdiff_t>(count), {},
                             [](const Candidate& c) { return c.simulated->request.median; });
  }

  const Workload& workload_;
  Plan plan_;
};

}  // namespace

Plan rank(const Shape& shape, const Cluster& cluster, const Workload& workload,
          const PlanOptions& options) {
  check(workload);
  check(options);
  const MeanRequest request = mean_request(workload);
  if (shape.context > 0 && request.longest > static_cast<double>(shape.context)) {
    throw InvalidArgument(concat("requests of up to ", request.longest, " tokens exceed the ",
                                 shape.context, " tokens of ", shape.name));
  }
  return Ranking(shape, cluster, workload, options).run();
}

}  // namespace hadal::draf::plan
