#include "hadal/draf/testing/requests.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace hadal::draf {
namespace {

using namespace testing;

/// Draws with options of all kinds.
Request mixed(std::uint64_t seed) {
  Random random(seed);
  Request request{.prompt = prompt_of(random.between(1, 150), seed % 5),
                  .max_tokens = random.between(1, 90),
                  .sampling = {.temperature = random.uniform(0, 2), .seed = seed}};
  if (random.uniform() < 0.5) request.sampling.top_k = random.between(1, 20);
  if (random.uniform() < 0.5) request.sampling.top_p = random.uniform(0.1, 1);
  if (random.uniform() < 0.3) request.sampling.min_p = random.uniform(0, 0.2);
  if (random.uniform() < 0.3) request.sampling.repetition_penalty = 1.3;
  if (random.uniform() < 0.3) request.sampling.frequency_penalty = 0.5;
  if (random.uniform() < 0.3) request.logprobs = 3;
  return request;
}

void expect_same(const Whole& a, const Whole& b) {
  EXPECT_EQ(a.ids, b.ids);
  EXPECT_EQ(a.finish, b.finish);
  ASSERT_EQ(a.tokens.size(), b.tokens.size());
  for (std::size_t i = 0; i < a.tokens.size(); ++i) {
    EXPECT_EQ(a.tokens[i].logprob, b.tokens[i].logprob);
    EXPECT_EQ(a.tokens[i].best.size(), b.tokens[i].best.size());
  }
}

TEST(EngineBatch, GivesTheSameAloneInABatchInChunksAndPreempted) {
  const auto model = std::make_shared<TinyModel>();
  std::vector<Whole> alone;
  for (std::uint64_t seed = 0; seed < 24; ++seed) {
    alone.push_back(generate(*start_engine({.model = model}), mixed(seed)));
  }
  struct Case {
    std::int64_t pages, running, step;
  };
  for (const auto& [pages, running, step] :
       {Case{200, 24, 4096}, Case{200, 4, 7}, Case{6, 8, 70}}) {
    EngineOptions options = with_pages(pages);
    options.max_running = running;
    options.step_tokens = step;
    const auto engine = start_engine({.model = model}, options);
    std::vector<Collected> outputs(alone.size());
    for (std::uint64_t seed = 0; seed < outputs.size(); ++seed) {
      engine->submit(mixed(seed), outputs[seed].sink());
    }
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      SCOPED_TRACE(concat(pages, " pages, request ", i));
      expect_same(outputs[i].wait(), alone[i]);
    }
    wait_until_idle(*engine);
    const EngineFigures figures = engine->figures();
    EXPECT_EQ(figures.pages, pages);
    EXPECT_EQ(figures.free_pages, pages);
    EXPECT_EQ(figures.preemptions > 0, pages == 6);
  }
}

TEST(EngineBatch, SurvivesRandomArrivalsCancelsAndPreemptions) {
  const auto model = std::make_shared<TinyModel>();
  std::vector<Whole> alone;
  for (std::uint64_t seed = 0; seed < 16; ++seed) {
    alone.push_back(generate(*start_engine({.model = model}), mixed(seed)));
  }
  for (std::uint64_t round = 0; round < 4; ++round) {
    EngineOptions options = with_pages(5 + static_cast<std::int64_t>(round));
    options.max_running = 5;
    options.step_tokens = 40;
    const auto engine = start_engine({.model = model}, options);
    std::vector<std::thread> threads;
    for (std::uint64_t t = 0; t < 3; ++t) {
      threads.emplace_back([&, t] {
        Random random(round, "thread", t);
        for (int i = 0; i < 12; ++i) {
          const std::uint64_t seed = random.below(alone.size());
          Collected collected;
          const auto id = engine->submit(mixed(seed), collected.sink());
          if (random.uniform() < 0.4) {
            collected.wait_for_tokens(random.below(20));
            engine->cancel(id);
          }
          engine->figures();
          const Whole whole = collected.wait();
          EXPECT_FALSE(collected.ended_twice());
          const auto& expected = alone[seed].ids;
          ASSERT_LE(whole.ids.size(), expected.size());
          EXPECT_TRUE(std::equal(whole.ids.begin(), whole.ids.end(), expected.begin()));
          if (whole.finish != FinishReason::cancelled) {
            EXPECT_EQ(whole.ids, expected);
          }
        }
      });
    }
    for (auto& thread : threads) thread.join();
    wait_until_idle(*engine);
    EXPECT_EQ(engine->figures().free_pages, engine->figures().pages);
  }
}

}  // namespace
}  // namespace hadal::draf
