#include "hadal/draf/plan/collectives.h"

#include "hadal/core/error.h"
#include "hadal/core/statistics.h"
#include "hadal/draf/plan/published_table.h"
#include "hadal/testing/error_of.h"
#include "hadal/testing/paths.h"

#include <cmath>

#include <gtest/gtest.h>

namespace hadal::draf::plan {
namespace {

const Cluster kCluster = {.nodes = 4,
                          .devices_per_node = 4,
                          .node = {.rate = 1e9, .hop_seconds = 1e-5},
                          .network = {.rate = 1e8, .hop_seconds = 1e-4},
                          .all_reduce = AllReduce::ring,
                          .collective_seconds = 1e-3};

TEST(PlanCollectives, FormGroupsWithinNodesOrOfWholeNodes) {
  EXPECT_EQ(group_of(kCluster, 2).in_node, 2);
  EXPECT_EQ(group_of(kCluster, 2).nodes, 1);
  EXPECT_EQ(group_of(kCluster, 8).in_node, 4);
  EXPECT_EQ(group_of(kCluster, 8).nodes, 2);
  for (const std::int64_t ranks : {0, 3, 6, 20}) {
    EXPECT_THROW(group_of(kCluster, ranks), InvalidArgument) << ranks;
  }
}

TEST(PlanCollectives, TakeTheSecondsOfARing) {
  // 2 x 3 hops, and each link carries 3/4 of the bytes twice.
  EXPECT_DOUBLE_EQ(all_reduce_seconds(kCluster, group_of(kCluster, 4), 1e9), 1e-3 + 6 * 1e-5 + 1.5);
  // 8 ranks in two nodes: of 8 links two cross the network, which all bytes wait for.
  EXPECT_DOUBLE_EQ(all_reduce_seconds(kCluster, group_of(kCluster, 8), 1e8),
                   1e-3 + 14.0 / 8 * (6 * 1e-5 + 2 * 1e-4) + 1.75);
  EXPECT_EQ(all_reduce_seconds(kCluster, group_of(kCluster, 1), 1e9), 0);
}

TEST(PlanCollectives, TakeTheSecondsOfATree) {
  Cluster cluster = kCluster;
  cluster.all_reduce = AllReduce::tree;
  EXPECT_DOUBLE_EQ(all_reduce_seconds(cluster, group_of(cluster, 4), 0), 1e-3 + 4 * 1e-5);
  EXPECT_DOUBLE_EQ(all_reduce_seconds(cluster, group_of(cluster, 16), 1e8),
                   1e-3 + 4 * 1e-5 + 4 * 1e-4 + 1.5);
}

TEST(PlanCollectives, ShareTheNodesLinkWhereAllSend) {
  EXPECT_DOUBLE_EQ(send_seconds(kCluster, true, 1e9), 1e-3 + 1e-5 + 1);
  EXPECT_DOUBLE_EQ(send_seconds(kCluster, false, 1e8), 1e-3 + 1e-4 + 4);
}

class PlanCollectivesRealData : public ::testing::Test {};

/// Sums of at least a megabyte in a node of 2, 4 and 8 A100, as prefill has them.
TEST_F(PlanCollectivesRealData, PriceSumsAsVidurTimedThem) {
  HADAL_REQUIRE_DATA(path, "tables/vidur/network/a100_dgx/all_reduce.csv");
  const Cluster cluster = find_cluster("a100-superpod");
  std::vector<double> errors;
  for (const auto& row : read_table(path)) {
    const auto ranks = static_cast<std::int64_t>(number(row, "num_workers"));
    const double bytes = number(row, "size");
    if (number(row, "devices_per_node") != static_cast<double>(ranks) || bytes < 1e6) {
      continue;
    }
    const double timed = number(row, "time_stats.all_reduce.median") * 1e-3;
    errors.push_back(
        std::abs(all_reduce_seconds(cluster, group_of(cluster, ranks), bytes) / timed - 1));
  }
  EXPECT_GT(errors.size(), 2000);
  EXPECT_LT(median(errors), 0.1);
}

}  // namespace
}  // namespace hadal::draf::plan
