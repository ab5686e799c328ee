#include "hadal/bench/cases/nlp/recall_text.h"

#include "hadal/core/error.h"

#include <map>
#include <set>

#include <ATen/ops/arange.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

namespace hadal::bench {
namespace {

at::Tensor some_text() { return at::randint(256, {5000}, at::kLong); }

RecallText examples(const at::Tensor& text, std::int64_t tokens, std::int64_t count) {
  return recall_text(text, tokens, 3, at::arange(count, at::kLong));
}

TEST(RecallText, AnswersEachQuestionWithTheFactAtItsDistance) {
  const RecallText x = examples(some_text(), 512, 20);
  std::int64_t questions = 0;
  for (std::int64_t row = 0; row < 20; ++row) {
    const auto at = [&](const at::Tensor& of, std::int64_t i) {
      return of[row][i].item<std::int64_t>();
    };
    std::set<std::int64_t> asked;
    for (std::int64_t i = 0; i < 512; ++i) {
      const std::int64_t subject = at(x.ids, i) - kFirstQuestion;
      EXPECT_EQ(subject >= 0, at(x.distance, i) > 0);
      if (subject < 0) continue;
      ++questions;
      EXPECT_TRUE(asked.insert(subject).second) << "asked twice";
      ASSERT_GE(at(x.distance, i), 8);
      const std::int64_t fact = at(x.ids, i - at(x.distance, i));
      EXPECT_EQ((fact - kFirstFact) / kValues, subject);
      EXPECT_EQ(at(x.targets, i), fact);
    }
  }
  EXPECT_GT(questions, 20 * kSubjects * 9 / 10);
}

TEST(RecallText, PlantsAFactOnceAndRepeatsItAsTheAnswerOnly) {
  const RecallText x = examples(some_text(), 256, 10);
  for (std::int64_t row = 0; row < 10; ++row) {
    std::map<std::int64_t, int> seen;
    for (std::int64_t i = 0; i < 256; ++i) {
      const auto id = x.ids[row][i].item<std::int64_t>();
      if (id >= kFirstFact && id < kFirstQuestion) ++seen[id / kValues];
    }
    // The answer to a question in the last place is a target only.
    for (const auto& [subject, times] : seen) EXPECT_LE(times, 2) << subject;
  }
}

TEST(RecallText, LeavesTheRestOfTheTextAsItIs) {
  const at::Tensor text = at::arange(4000, at::kLong).remainder(251);
  const RecallText x = examples(text, 300, 10);
  for (std::int64_t row = 0; row < 10; ++row) {
    std::int64_t first = -1;  // what text[i] - i is, throughout
    std::int64_t kept = 0;
    for (std::int64_t i = 0; i < 300; ++i) {
      const auto id = x.ids[row][i].item<std::int64_t>();
      if (id >= kFirstFact) continue;
      const std::int64_t offset = (id - i % 251 + 251) % 251;
      if (first < 0) first = offset;
      EXPECT_EQ(offset, first);
      ++kept;
    }
    EXPECT_GE(kept, 300 - 3 * kSubjects);
  }
}

TEST(RecallText, AsksForWhatFollowsButForWhatIsChance) {
  const RecallText x = examples(some_text(), 256, 10);
  for (std::int64_t row = 0; row < 10; ++row) {
    for (std::int64_t i = 0; i + 1 < 256; ++i) {
      const auto next = x.ids[row][i + 1].item<std::int64_t>();
      const bool asked = x.distance[row][i].item<std::int64_t>() > 0;
      EXPECT_EQ(x.targets[row][i].item<std::int64_t>(),
                next < kFirstFact || asked ? next : kNoTarget);
    }
  }
}

TEST(RecallText, AnExampleDependsOnItsIndexAlone) {
  const at::Tensor text = some_text();
  const RecallText all = examples(text, 128, 6);
  const RecallText some = recall_text(text, 128, 3, at::tensor({4, 1}, at::kLong));
  EXPECT_TRUE(some.ids[0].equal(all.ids[4]) && some.ids[1].equal(all.ids[1]));
  EXPECT_TRUE(some.targets[0].equal(all.targets[4]) && some.distance[0].equal(all.distance[4]));
  EXPECT_FALSE(all.ids[0].equal(all.ids[1]));
  EXPECT_FALSE(recall_text(text, 128, 4, at::arange(1, at::kLong)).ids[0].equal(all.ids[0]));
}

TEST(RecallText, SpreadsDistancesEvenly) {
  const at::Tensor text = at::randint(256, {5000}, at::kLong);
  const RecallText x = examples(text, 2048, 60);
  std::int64_t far = 0;
  std::int64_t all = 0;
  const auto* distance = x.distance.const_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < x.distance.numel(); ++i) {
    all += distance[i] > 0;
    far += distance[i] >= 1024;
  }
  EXPECT_NEAR(static_cast<double>(far) / static_cast<double>(all), 0.5, 0.08);
}

TEST(RecallText, RefusesLengthsThatTheTextDoesNotHave) {
  const at::Tensor text = at::randint(256, {100}, at::kLong);
  EXPECT_NO_THROW(examples(text, 99, 1));
  for (const std::int64_t tokens : {31, 100}) {
    EXPECT_THROW(examples(text, tokens, 1), InvalidArgument) << tokens;
  }
}

}  // namespace
}  // namespace hadal::bench
