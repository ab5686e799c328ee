#include "hadal/models/batches.h"

#include "hadal/core/error.h"

#include <set>
#include <vector>

#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

namespace hadal::models {
namespace {

TEST(Batches, ShowEachExampleOnceAnEpochButForAPartialBatch) {
  Batches batches(11, 3, 1);
  ASSERT_EQ(batches.steps_per_epoch(), 3);
  for (std::int64_t epoch = 0; epoch < 3; ++epoch) {
    std::set<std::int64_t> seen;
    for (std::int64_t step = 0; step < 3; ++step) {
      const at::Tensor batch = batches.of_step(epoch * 3 + step);
      ASSERT_EQ(batch.numel(), 3);
      for (std::int64_t i = 0; i < 3; ++i) seen.insert(batch[i].item<std::int64_t>());
    }
    EXPECT_EQ(seen.size(), 9U);
    EXPECT_GE(*seen.begin(), 0);
    EXPECT_LT(*seen.rbegin(), 11);
  }
}

TEST(Batches, AreThoseOfTheStepWhateverCameBefore) {
  Batches from_start(100, 7, 5);
  for (std::int64_t step = 0; step < 40; ++step) {
    EXPECT_TRUE(at::equal(Batches(100, 7, 5).of_step(step), from_start.of_step(step))) << step;
  }
}

TEST(Batches, DifferByEpochAndSeed) {
  Batches batches(100, 100, 5);
  EXPECT_FALSE(at::equal(batches.of_step(0).clone(), batches.of_step(1)));
  EXPECT_FALSE(at::equal(Batches(100, 100, 6).of_step(0), Batches(100, 100, 5).of_step(0)));
}

TEST(Batches, RefuseABatchOfMoreThanThereIs) {
  EXPECT_THROW(Batches(3, 4, 0), InvalidArgument);
  EXPECT_THROW(Batches(3, 0, 0), InvalidArgument);
}

}  // namespace
}  // namespace hadal::models
