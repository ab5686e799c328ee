#include "hadal/draf/plan/memory.h"

#include "hadal/core/error.h"
#include "hadal/draf/plan/replicas_memory.h"

#include <gtest/gtest.h>

namespace hadal::draf::plan {
namespace {

const Shape kShape = named_shape("gpt-175b");
const Cluster kCluster = find_cluster("a100-superpod");

TEST(PlanMemory, AddsUpToTheModelsParameters) {
  for (const std::int64_t tensor : {1, 2, 8}) {
    for (const std::int64_t pipeline : {1, 2, 32}) {
      const DeviceMemory memory =
          device_memory(kShape, {.tensor = tensor, .pipeline = pipeline}, 100, 1);
      const auto devices = static_cast<double>(tensor * pipeline);
      EXPECT_NEAR(memory.weights * devices, 96 * kShape.layer_parameters() * 2, 1);
      EXPECT_NEAR(memory.cache * devices, 100 * kShape.cache_bytes_a_token(), 1);
      EXPECT_NEAR(memory.embeddings * static_cast<double>(tensor),
                  2 * (kShape.embedding_parameters() + kShape.position_parameters()), 1);
    }
  }
}

TEST(PlanMemory, HoldsHeadsTwiceWhereThereAreFewerThanRanks) {
  Shape grouped = kShape;
  grouped.kv_heads = 2;
  const auto cache = [&](std::int64_t tensor) {
    return device_memory(grouped, {.tensor = tensor}, 100, 1).cache;
  };
  EXPECT_DOUBLE_EQ(cache(2), cache(1) / 2);
  EXPECT_DOUBLE_EQ(cache(8), cache(2));
}

TEST(PlanMemory, TellsHowManySequencesFit) {
  const Layout layout{.tensor = 8};
  const std::int64_t fits = most_sequences(kShape, kCluster, layout, 2048, 2048, 0.1);
  Layout full = layout;
  full.batch = fits;
  EXPECT_LE(device_memory(kShape, full, 2048, 2048).total(), 72e9);
  full.batch = fits + 1;
  EXPECT_GT(device_memory(kShape, full, 2048, 2048).total(), 72e9);
  EXPECT_EQ(most_sequences(kShape, kCluster, {.tensor = 4}, 2048, 2048, 0.1), 0);
}

TEST(PlanMemory, LeadsToThePublishedSums) {
  const ReplicasMemory memory = compare_memory(kShape);
  EXPECT_NEAR(memory.replicas / 1e12, 4.2, 0.05);
  EXPECT_NEAR(memory.sharded / 1e12, 1.8, 0.05);
  double replicas = 0;
  double sharded = 0;
  for (const MemoryPart& part : memory.parts) {
    replicas += part.replicas;
    sharded += part.sharded;
    EXPECT_FALSE(part.assumed_of_replicas.empty() || part.assumed_of_sharded.empty()) << part.name;
  }
  EXPECT_DOUBLE_EQ(replicas, memory.replicas);
  EXPECT_DOUBLE_EQ(sharded, memory.sharded);
  // Either way the devices of 80 GB hold it.
  EXPECT_LT(memory.replicas / static_cast<double>(memory.replicas_devices), 80e9);
  EXPECT_LT(memory.sharded / static_cast<double>(memory.sharded_devices), 80e9);
  // By hand: 7 copies of 96 layers of 12 x 12288^2 in 2 bytes; 147 x 2048 tokens of 96 layers.
  EXPECT_DOUBLE_EQ(memory.parts[0].replicas, 7 * 2 * 96 * 12 * 12288.0 * 12288);
  EXPECT_DOUBLE_EQ(memory.parts[1].sharded, 147 * 2048 * 96.0 * 2 * 12288 * 2);
}

TEST(PlanMemory, ShardsAsThePlannerDoes) {
  const ReplicasWorkload workload;
  const ReplicasMemory memory = compare_memory(kShape, workload);
  const Layout layout{.tensor = 8, .pipeline = 3, .batch = workload.sequences};
  const DeviceMemory device = device_memory(kShape, layout, 2048, 2048);
  EXPECT_NEAR(memory.parts[0].sharded, 24 * device.weights, 1);
  EXPECT_NEAR(memory.parts[1].sharded, 24 * device.cache, 1);
}

TEST(PlanMemory, RefusesWorkloadsThatMakeNoSense) {
  EXPECT_THROW(compare_memory(kShape, {.sequences = 146}), InvalidArgument);
  EXPECT_THROW(compare_memory(kShape, {.sequences = 0}), InvalidArgument);
  EXPECT_THROW(compare_memory(kShape, {.stages = 97}), InvalidArgument);
}

}  // namespace
}  // namespace hadal::draf::plan
