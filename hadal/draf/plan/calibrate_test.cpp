#include "hadal/draf/plan/calibrate.h"

#include "hadal/core/error.h"
#include "hadal/draf/plan/collectives.h"
#include "hadal/draf/plan/operators.h"

#include <vector>

#include <gtest/gtest.h>

namespace hadal::draf::plan {
namespace {

TEST(PlanCalibration, FindsTheDeviceBehindItsTimes) {
  const Device device = {
      .matmul_rate = 2e11, .memory_rate = 1.5e10, .kernel_seconds = 4e-6, .roofline_power = 2.5};
  std::vector<TimedProduct> products;
  const auto add = [&](double rows, double dim) {
    products.push_back({rows, dim, matmul_seconds(device, rows, dim, dim, 2)});
  };
  add(1, 8);
  for (const double rows : {1, 8, 32, 128, 4096}) add(rows, 2048);
  const Device found = fit_products(products, 2);
  EXPECT_NEAR(found.matmul_rate / device.matmul_rate, 1, 0.02);
  EXPECT_NEAR(found.memory_rate / device.memory_rate, 1, 0.02);
  EXPECT_NEAR(found.kernel_seconds / device.kernel_seconds, 1, 0.02);
  EXPECT_NEAR(found.roofline_power, device.roofline_power, 0.2);
  EXPECT_THROW(fit_products({}, 2), InvalidArgument);
}

TEST(PlanCalibration, FindsTheLinkBehindItsTimes) {
  const Cluster cluster = {.devices_per_node = 4,
                           .node = {.rate = 1e9, .hop_seconds = 2e-5},
                           .all_reduce = AllReduce::ring};
  const Group group = group_of(cluster, 4);
  const Link found = fit_link(4, all_reduce_seconds(cluster, group, 0), 1e7,
                              all_reduce_seconds(cluster, group, 1e7));
  EXPECT_NEAR(found.rate, 1e9, 1);
  EXPECT_NEAR(found.hop_seconds, 2e-5, 1e-12);
}

TEST(PlanCalibration, DescribesThisMachine) {
  const auto group = init_process_group();
  const Cluster cluster = calibrate(*group, {.dim = 128, .seconds = 0});
  EXPECT_EQ(cluster.devices(), 1);
  EXPECT_GT(cluster.device.matmul_rate, 0);
  EXPECT_GT(cluster.device.memory_rate, 0);
  EXPECT_GT(cluster.device.memory, 0);
  EXPECT_GT(cluster.device.elementwise_rate, 0);
  // What is written is what a plan reads.
  EXPECT_EQ(parse_cluster(cluster_toml(cluster), "c.toml").devices(), 1);
}

}  // namespace
}  // namespace hadal::draf::plan
