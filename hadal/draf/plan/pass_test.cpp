#include "hadal/draf/plan/pass.h"

#include "hadal/core/error.h"
#include "hadal/draf/plan/operators.h"
#include "hadal/testing/error_of.h"

#include <gtest/gtest.h>

namespace hadal::draf::plan {
namespace {

const Shape kShape = named_shape("gpt-20b");  // 44 layers, 48 heads
const Cluster kCluster = find_cluster("a100-superpod");

std::string refusal(const Shape& shape, const Layout& layout) {
  return hadal::testing::error_of<InvalidArgument>([&] { check(shape, kCluster, layout); });
}

TEST(PlanPass, RefusesLayoutsThatDoNotFit) {
  EXPECT_EQ(refusal(kShape, {.tensor = 32}),
            "tensor parallel 32 x pipeline parallel 1: expected ranks that divide the 48 heads");
  EXPECT_EQ(refusal(kShape, {.pipeline = 45}),
            "tensor parallel 1 x pipeline parallel 45: expected 1 to 44 stages, one layer each at "
            "least");
  EXPECT_EQ(refusal(kShape, {.tensor = 8, .pipeline = 2, .replicas = 3}),
            "tensor parallel 8 x pipeline parallel 2: 3 replicas take 48 devices, the cluster has "
            "32");
  Shape grouped = kShape;
  grouped.kv_heads = 3;
  EXPECT_NE(refusal(grouped, {.tensor = 8}).find("heads of keys and values"), std::string::npos);
  EXPECT_THROW(PassCost(kShape, kCluster, {.batch = 0}), InvalidArgument);
}

TEST(PlanPass, ReadsAllWeightsForOneToken) {
  Cluster cluster = kCluster;
  cluster.device.kernel_seconds = 0;
  cluster.engine = {};
  const PassTime time = PassCost(kShape, cluster, {}).alone(Step::decode(1, 1));
  const double reading =
      44 * kShape.layer_parameters() * kShape.weight_bytes / cluster.device.memory_rate;
  // A token's products compute little beside that.
  EXPECT_GT(time.matmul, reading);
  EXPECT_LT(time.matmul, 1.01 * reading);
  EXPECT_EQ(time.collective, 0);
  EXPECT_EQ(time.bubble, 0);
}

TEST(PlanPass, FillsAPipelineByMicroBatches) {
  // With p stages and m equal parts, a step takes m + p - 1 rounds: the bubble's part is
  // (p - 1) / (m + p - 1) (Huang et al., 2019).
  const PassCost cost(kShape, kCluster, {.pipeline = 4});
  for (const std::int64_t parts : {1, 2, 4, 8}) {
    const PassTime time = cost.alone(Step::prefill(8, 64), parts);
    const double stages = time.total() - time.head - time.send;
    EXPECT_NEAR(time.bubble / stages, 3.0 / static_cast<double>(parts + 3), 1e-9) << parts;
  }
  // In the steady state nothing waits, unless there are fewer sequences than stages.
  EXPECT_NEAR(cost.steady(Step::decode(8, 64)).bubble, 0, 1e-9);
  EXPECT_GT(cost.steady(Step::decode(2, 64)).bubble, 0);
  // 5 stages of 44 layers: one stage has 9, and the others wait for it.
  EXPECT_GT(PassCost(kShape, kCluster, {.pipeline = 5}).steady(Step::decode(5, 64)).bubble, 0);
}

TEST(PlanPass, SharesTheWorkAmongTensorRanks) {
  const Step step = Step::prefill(8, 512);
  const PassTime one = PassCost(kShape, kCluster, {}).alone(step);
  const PassTime four = PassCost(kShape, kCluster, {.tensor = 4}).alone(step);
  EXPECT_NEAR(one.matmul / four.matmul, 4, 0.5);
  EXPECT_NEAR(one.attention / four.attention, 4, 1e-6);
  EXPECT_GT(four.collective, 0);
}

TEST(PlanPass, ReadsFewerHeadsOfKeysAndValues) {
  Shape grouped = kShape;
  grouped.kv_heads = 4;
  const Step step = {.sequences = 1, .tokens = 1, .cache_tokens = 1e6, .pairs = 0};
  const auto attention = [&](const Shape& shape, std::int64_t tensor) {
    return PassCost(shape, kCluster, {.tensor = tensor}).alone(step).attention;
  };
  EXPECT_NEAR(attention(kShape, 1) / attention(grouped, 1), 12, 1e-6);
  // A head of keys and values is not cut: beyond four ranks, several hold the same.
  EXPECT_NEAR(attention(grouped, 1) / attention(grouped, 8), 4, 1e-6);
}

TEST(PlanPass, HidesThePartOfSumsThatTheEngineOverlaps) {
  Cluster cluster = kCluster;
  cluster.engine.overlap = 0.75;
  const Layout layout{.tensor = 8};
  const PassCost blocking(kShape, kCluster, layout);
  const PassCost overlapped(kShape, cluster, layout);
  const Step prompt = Step::prefill(4, 512);
  const Step token = Step::decode(4, 512);
  EXPECT_NEAR(overlapped.alone(prompt).collective, 0.25 * blocking.alone(prompt).collective, 1e-9);
  EXPECT_EQ(overlapped.alone(token).collective, blocking.alone(token).collective);
}

TEST(PlanPass, WaitsForAHostThatStartsLayersSlowly) {
  Cluster cluster = kCluster;
  cluster.engine.host_seconds = 0.01;
  const PassTime time = PassCost(kShape, cluster, {}).alone(Step::decode(1, 16));
  EXPECT_NEAR(time.total() - time.head, 44 * 0.01, 1e-9);
}

}  // namespace
}  // namespace hadal::draf::plan
