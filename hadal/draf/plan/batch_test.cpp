#include "hadal/draf/plan/batch.h"

#include "hadal/core/error.h"

#include <gtest/gtest.h>

namespace hadal::draf::plan {
namespace {

const Shape kShape = named_shape("gpt-20b");
const Cluster kCluster = find_cluster("a100-superpod");

double seconds(const Layout& layout, std::int64_t prompt = 128, std::int64_t output = 20,
               const Cluster& cluster = kCluster) {
  return batch_time(kShape, cluster, layout, prompt, output).seconds();
}

TEST(PlanBatch, AddsUpItsSteps) {
  const Layout layout{.tensor = 2, .batch = 4};
  const PassCost cost(kShape, kCluster, layout);
  double sum = cost.alone(Step::prefill(4, 100)).total();
  for (int length = 101; length < 110; ++length) {
    sum += cost.alone(Step::decode(4, length)).total();
  }
  EXPECT_NEAR(seconds(layout, 100, 10), sum, 1e-9);
  EXPECT_EQ(batch_time(kShape, kCluster, layout, 100, 1).decode.total(), 0);
}

TEST(PlanBatch, TakesTheMicroBatchesThatAreQuickest) {
  const Layout layout{.tensor = 8, .pipeline = 4, .batch = 64};
  const PassCost cost(kShape, kCluster, layout);
  // Prompts take mostly computing, so that stages gain by working at the same time; single tokens
  // mostly reading of weights, which each part does again.
  EXPECT_EQ(batch_time(kShape, kCluster, layout, 1024, 1).micro_batches, 4);
  EXPECT_EQ(batch_time(kShape, kCluster, layout, 1, 100).micro_batches, 1);
  EXPECT_LT(seconds(layout, 1024, 1), cost.alone(Step::prefill(64, 1024), 1).total());
}

TEST(PlanBatch, ComputesAgainWhatIsNotCached) {
  Cluster without = kCluster;
  without.engine.recomputed = 1;
  const PassCost cost(kShape, kCluster, {});
  EXPECT_NEAR(seconds({}, 128, 2, without),
              cost.alone(Step::prefill(1, 128)).total() + cost.alone(Step::prefill(1, 129)).total(),
              1e-9);
}

TEST(PlanBatch, RefusesLengthsBelowOne) {
  EXPECT_THROW(seconds({}, 0, 1), InvalidArgument);
  EXPECT_THROW(seconds({}, 1, 0), InvalidArgument);
}

}  // namespace
}  // namespace hadal::draf::plan
