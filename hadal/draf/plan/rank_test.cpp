#include "hadal/draf/plan/rank.h"

#include "hadal/core/error.h"
#include "hadal/testing/error_of.h"
#include "hadal/testing/paths.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace hadal::draf::plan {
namespace {

const Shape kShape = named_shape("gpt-175b");
const Cluster kCluster = find_cluster("a100-superpod");

Plan plan_for(Goal goal, const Workload& workload = {}) {
  return rank(kShape, kCluster, workload, {.goal = goal, .simulate = 0});
}

TEST(PlanRank, OffersOnlyLayoutsThatFit) {
  const Plan plan = plan_for(Goal::throughput);
  EXPECT_GT(plan.ranked.size(), 20);
  EXPECT_GT(plan.left_out.memory, 0);
  for (const Candidate& c : plan.ranked) {
    EXPECT_NO_THROW(check(kShape, kCluster, c.layout));
    EXPECT_LE(c.memory.total(), 0.9 * kCluster.device.memory);
    // 349 GB of weights need five devices of 72 GB.
    EXPECT_GE(c.layout.tensor * c.layout.pipeline, 5);
  }
}

TEST(PlanRank, PutsTheBestForTheGoalFirst) {
  const Workload busy{.rate = 2};
  const auto by_throughput = plan_for(Goal::throughput).ranked;
  EXPECT_TRUE(std::ranges::is_sorted(by_throughput, [](const Candidate& a, const Candidate& b) {
    return a.tokens_a_second > 1.001 * b.tokens_a_second;
  }));
  const auto by_latency = plan_for(Goal::latency, busy).ranked;
  EXPECT_TRUE(std::ranges::is_sorted(by_latency, [](const Candidate& a, const Candidate& b) {
    return 1.001 * a.request_seconds < b.request_seconds;
  }));
  const auto by_memory = plan_for(Goal::memory, busy).ranked;
  const auto total = [](const Candidate& c) {
    return c.memory.total() * static_cast<double>(c.layout.devices());
  };
  EXPECT_LT(total(by_memory[0]), total(by_latency[0]));
  EXPECT_LT(by_latency[0].request_seconds, by_memory[0].request_seconds);
  EXPECT_GT(by_throughput[0].tokens_a_second, by_latency[0].tokens_a_second);
  EXPECT_LT(by_memory[0].load, 1);
}

TEST(PlanRank, LeavesOutWhatBreaksALimit) {
  const PlanOptions options{.most_first_token = 0.15, .most_token = 0.15, .simulate = 0};
  const Plan plan = rank(kShape, kCluster, {}, options);
  EXPECT_GT(plan.left_out.first_token, 0);
  EXPECT_GT(plan.left_out.token, 0);
  for (const Candidate& c : plan.ranked) {
    EXPECT_LE(c.first_token_seconds, 0.15);
    EXPECT_LE(c.token_seconds, 0.15);
  }
}

TEST(PlanRank, SaysWhyNoLayoutIsLeft) {
  Cluster small = kCluster;
  small.nodes = 1;
  small.devices_per_node = 4;
  const auto error = [&](const Cluster& cluster, const Workload& workload) {
    try {
      rank(kShape, cluster, workload, {});
    } catch (const InvalidArgument& error) {
      return concat(error.what(), '\n', error.hint());
    }
    return std::string("no error");
  };
  EXPECT_EQ(error(small, {}),
            "no layout of gpt-175b does on 4 devices of a100-superpod\n"
            "left out: 7 for memory, 0 for the rate of requests, 0 for the first token's time, 0 "
            "for a token's time");
  EXPECT_NE(error(kCluster, {.rate = 1e6}).find("0 for memory, "), 0);
  EXPECT_EQ(error(kCluster, {.prompt = 2000, .output = 100}),
            "requests of up to 2100 tokens exceed the 2048 tokens of gpt-175b\n");
}

TEST(PlanRank, RefusesOptionsThatMakeNoSense) {
  for (const PlanOptions& options :
       {PlanOptions{.most_token = -1}, PlanOptions{.reserve = 1}, PlanOptions{.step_tokens = 0},
        PlanOptions{.most_batch = 0}, PlanOptions{.simulate = -1}, PlanOptions{.requests = -1}}) {
    EXPECT_THROW(rank(kShape, kCluster, {}, options), InvalidArgument);
  }
}

TEST(PlanRank, SeesInSimulationsWhatTheModelSays) {
  // Below their limit, layouts serve what arrives, at about the model's times; and offered more
  // than that, they serve as much as the model says that they can.
  const Plan plan = rank(kShape, kCluster, {.rate = 6}, {.simulate = 3});
  for (std::size_t i = 0; i < 3; ++i) {
    const Candidate& c = plan.ranked[i];
    ASSERT_TRUE(c.simulated);
    EXPECT_NEAR(c.simulated->requests_a_second, 6, 0.5);
    EXPECT_NEAR(c.simulated->token.median / c.token_seconds, 1, 0.15);
    const PassCost cost(kShape, kCluster, c.layout);
    Workload flood;
    flood.rate = 3 * c.requests_a_second;
    const auto seen = simulate(cost, c.layout, arrivals(flood, 8000, 0), {});
    EXPECT_NEAR(seen.requests_a_second / c.requests_a_second, 1, 0.12);
  }
}

TEST(PlanRank, PlansForTenThousandDevices) {
  Cluster large = kCluster;
  large.nodes = 1250;
  const Plan plan = rank(kShape, large, {.rate = 2000}, {.simulate = 2});
  EXPECT_GT(plan.ranked.size(), 50);
  EXPECT_GT(plan.ranked[0].layout.devices(), 9900);
  ASSERT_TRUE(plan.ranked[0].simulated);
  EXPECT_GT(plan.ranked[0].simulated->requests, 50'000);
}

class PlanRankRealData : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Traces, PlanRankRealData,
                         ::testing::Values("splitwise_code.csv", "splitwise_conv.csv"));

TEST_P(PlanRankRealData, ServesTheAzureTraces) {
  HADAL_REQUIRE_DATA(folder, "tables/traces");
  Shape shape = named_shape("gpt-20b");
  shape.context = 0;  // some requests are longer than GPT-3's 2048 tokens
  const Workload workload{.trace = read_trace(folder / GetParam())};
  const auto count = static_cast<std::int64_t>(workload.trace.size());
  const Plan plan = rank(shape, kCluster, workload, {.simulate = 1, .requests = count});
  const Simulated& seen = plan.ranked.at(0).simulated.value();
  EXPECT_EQ(seen.requests, count);
  EXPECT_NEAR(seen.requests_a_second / plan.request.rate, 1, 0.05);
  EXPECT_LT(seen.busy, 1);
  EXPECT_GT(seen.request.p99, seen.request.median);
}

}  // namespace
}  // namespace hadal::draf::plan
