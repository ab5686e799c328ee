#include "hadal/draf/engine/micro_batches.h"

#include "hadal/core/random.h"
#include "hadal/dao/block_lists.h"

#include <map>

#include <gtest/gtest.h>

namespace hadal::draf {
namespace {

Work with_tokens(std::int64_t id, std::int64_t tokens, std::int64_t computed) {
  Work work;
  work.id = id;
  work.tokens.resize(static_cast<std::size_t>(tokens));
  work.prompt = tokens;
  work.computed = computed;
  return work;
}

std::vector<std::int64_t> sizes_of(const std::vector<std::vector<Slice>>& parts) {
  std::vector<std::int64_t> sizes;
  for (const auto& part : parts) {
    std::int64_t tokens = 0;
    for (const Slice& slice : part) tokens += slice.count;
    sizes.push_back(tokens);
  }
  return sizes;
}

TEST(MicroBatches, CutAPromptWherePagesEnd) {
  Work work = with_tokens(1, 1000, 64);
  EXPECT_EQ(sizes_of(micro_batches({{&work, 512}}, 4)),
            (std::vector<std::int64_t>{128, 128, 128, 128}));
  work.computed = 70;
  EXPECT_EQ(sizes_of(micro_batches({{&work, 512}}, 4)),
            (std::vector<std::int64_t>{122, 128, 128, 134}));
}

TEST(MicroBatches, LeaveAStepThatGeneratesWhole) {
  std::vector<Work> works;
  for (std::int64_t i = 0; i < 256; ++i) works.push_back(with_tokens(i, 10, 9));
  std::vector<Slice> step;
  for (Work& work : works) step.push_back({&work, 1});
  EXPECT_EQ(sizes_of(micro_batches(step, 4)), (std::vector<std::int64_t>{64, 64, 64, 64}));
  step.resize(127);
  EXPECT_EQ(micro_batches(step, 4).size(), 1U);
}

TEST(MicroBatches, HoldAllTokensInOrder) {
  Random random(1);
  for (int round = 0; round < 500; ++round) {
    std::vector<Work> works;
    std::vector<Slice> step;
    std::int64_t tokens = 0;
    const std::int64_t requests = random.between(1, 20);
    for (std::int64_t i = 0; i < requests; ++i) {
      const std::int64_t computed = random.between(0, 300);
      works.push_back(with_tokens(i, computed + random.between(1, 400), computed));
    }
    for (Work& work : works) {
      step.push_back({&work, random.uniform() < 0.5 ? 1 : random.between(1, work.pending())});
      tokens += step.back().count;
    }
    const std::int64_t most = random.between(1, 6);
    const auto parts = micro_batches(step, most);
    ASSERT_LE(std::ssize(parts), most);
    std::vector<std::pair<const Work*, std::int64_t>> seen;
    for (const auto& part : parts) {
      ASSERT_FALSE(part.empty());
      for (const Slice& slice : part) {
        ASSERT_GT(slice.count, 0);
        if (!seen.empty() && seen.back().first == slice.work) {
          // It was cut before this slice.
          EXPECT_EQ((slice.work->computed + seen.back().second) % dao::kBlockSize, 0);
          seen.back().second += slice.count;
        } else {
          seen.emplace_back(slice.work, slice.count);
        }
      }
    }
    ASSERT_EQ(seen.size(), step.size());
    for (std::size_t i = 0; i < step.size(); ++i) {
      EXPECT_EQ(seen[i].first, step[i].work);
      EXPECT_EQ(seen[i].second, step[i].count);
    }
  }
}

}  // namespace
}  // namespace hadal::draf
