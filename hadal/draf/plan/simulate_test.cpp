#include "hadal/draf/plan/simulate.h"

#include "hadal/core/error.h"
#include "hadal/core/statistics.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <vector>

#include <gtest/gtest.h>

namespace hadal::draf::plan {
namespace {

const Shape kShape = named_shape("gpt-20b");
const Cluster kCluster = find_cluster("a100-superpod");

/// The same as simulate() of one replica, step by step instead of event by event.
class StepByStep {
 public:
  StepByStep(const PassCost& cost, std::int64_t batch, std::int64_t step_tokens)
      : cost_(cost), batch_(batch), step_tokens_(step_tokens) {}

  std::vector<double> request_seconds(const std::vector<Arrival>& arrivals) {
    std::vector<double> seconds(arrivals.size());
    std::size_t next = 0;
    std::size_t done = 0;
    double now = 0;
    std::deque<Running> running;
    while (done < arrivals.size()) {
      while (next < arrivals.size() && arrivals[next].seconds <= now &&
             static_cast<std::int64_t>(running.size()) < batch_) {
        running.push_back({next++, 0, 0});
      }
      if (running.empty()) {
        now = arrivals[next].seconds;
        continue;
      }
      now += cost_.steady(take_step(running, arrivals)).total();
      for (const Running& one : running) {
        if (one.generated < arrivals[one.id].output) continue;
        seconds[one.id] = now - arrivals[one.id].seconds;
        ++done;
      }
      std::erase_if(running,
                    [&](const Running& one) { return one.generated == arrivals[one.id].output; });
    }
    return seconds;
  }

 private:
  struct Running {
    std::size_t id;
    std::int64_t computed;
    std::int64_t generated;
  };

  Step take_step(std::deque<Running>& running, const std::vector<Arrival>& arrivals) const {
    Step step;
    std::int64_t left = step_tokens_;
    for (Running& one : running) {
      if (one.generated == 0) continue;
      step = step + Step::decode(1, static_cast<double>(arrivals[one.id].prompt + one.generated));
      --left;
    }
    for (Running& one : running) {
      if (one.generated > 0) {
        ++one.generated;
        continue;
      }
      const std::int64_t slice = std::min(left, arrivals[one.id].prompt - one.computed);
      if (slice <= 0) continue;
      left -= slice;
      step = step + Step::prefill(1, static_cast<double>(slice), static_cast<double>(one.computed));
      one.computed += slice;
      if (one.computed == arrivals[one.id].prompt) one.generated = 1;
    }
    return step;
  }

  const PassCost& cost_;
  std::int64_t batch_;
  std::int64_t step_tokens_;
};

TEST(PlanSimulation, AgreesWithOneStepByStep) {
  const Layout layout{.tensor = 2, .pipeline = 2, .batch = 6};
  const PassCost cost(kShape, kCluster, layout);
  Workload workload{.prompt = 300, .output = 40, .rate = 3};
  auto requests = arrivals(workload, 400, 3);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    requests[i].prompt = 1 + static_cast<std::int64_t>(i * 37 % 700);
    requests[i].output = 1 + static_cast<std::int64_t>(i * 11 % 60);
  }
  const Simulated seen = simulate(cost, layout, requests, {.step_tokens = 256});
  const auto expected = StepByStep(cost, 6, 256).request_seconds(requests);
  EXPECT_NEAR(seen.request.median, median(expected), 2e-3 * median(expected));
  EXPECT_NEAR(seen.request.p99, quantile(expected, 0.99), 2e-3 * quantile(expected, 0.99));
}

TEST(PlanSimulation, WaitsAsAQueueWithEqualServiceDoes) {
  // One request at a time: the queue M/D/1, whose mean wait is load x service / (2 (1 - load))
  // (Pollaczek, 1930).
  const Layout layout{.batch = 1};
  const PassCost cost(kShape, kCluster, layout);
  const double service = cost.steady(Step::prefill(1, 64)).total();
  constexpr double kLoad = 0.6;
  const Workload workload{.prompt = 64, .output = 1, .rate = kLoad / service};
  const auto requests = arrivals(workload, 200'000, 5);
  const Simulated seen = simulate(cost, layout, requests, {});
  EXPECT_NEAR(seen.busy, kLoad, 0.01);
  EXPECT_NEAR(seen.requests_a_second * service, kLoad, 0.01);
  const double wait = kLoad * service / (2 * (1 - kLoad));
  EXPECT_NEAR(seen.mean_request - service, wait, 0.04 * wait);
}

TEST(PlanSimulation, ServesAnEmptyClusterAtOnce) {
  const Layout layout{.tensor = 4, .batch = 8};
  const PassCost cost(kShape, kCluster, layout);
  const Simulated seen = simulate(cost, layout, {{0, 100, 3}}, {});
  const double first = cost.steady(Step::prefill(1, 100)).total();
  EXPECT_DOUBLE_EQ(seen.first_token.median, first);
  // Two more steps, at 101 and 102 tokens.
  EXPECT_NEAR(seen.request.median, first + 2 * cost.steady(Step::decode(1, 101.5)).total(), 1e-9);
  EXPECT_EQ(seen.steps, 3);
  EXPECT_EQ(seen.requests, 1);
}

TEST(PlanSimulation, SpreadsRequestsOverReplicas) {
  const Layout layout{.replicas = 4, .batch = 1};
  const PassCost cost(kShape, kCluster, layout);
  const std::vector<Arrival> requests(4, {0, 100, 10});
  const Simulated seen = simulate(cost, layout, requests, {});
  EXPECT_DOUBLE_EQ(seen.request.median, seen.request.p99);
  EXPECT_NEAR(seen.busy, 1, 1e-9);
}

TEST(PlanSimulation, AdmitsWhatTheCacheHolds) {
  const Layout layout{.batch = 8};
  const PassCost cost(kShape, kCluster, layout);
  const std::vector<Arrival> requests(4, {0, 100, 10});
  const Simulated roomy = simulate(cost, layout, requests, {});
  const Simulated tight = simulate(cost, layout, requests, {.cache_tokens = 110});
  EXPECT_GT(tight.request.p99, 3 * roomy.request.median);
  EXPECT_THROW(simulate(cost, layout, requests, {.cache_tokens = 109}), InvalidArgument);
  EXPECT_THROW(simulate(cost, layout, {}, {}), InvalidArgument);
  EXPECT_THROW(simulate(cost, layout, requests, {.step_tokens = 0}), InvalidArgument);
}

}  // namespace
}  // namespace hadal::draf::plan
