#include "hadal/draf/engine/parallel.h"

#include "hadal/core/process_group/testing.h"
#include "hadal/draf/model/llama.h"
#include "hadal/draf/model/test_support.h"
#include "hadal/draf/testing/small_model.h"
#include "hadal/testing/error_of.h"

#include <csignal>
#include <future>

#include <gtest/gtest.h>

namespace hadal::draf {
namespace {

using hadal::testing::error_of;
using hadal::testing::outcomes_of_ranks;
using hadal::testing::run_ranks;
using testing::small_weights;
using testing::some_ids;

RankGrid ranks(int stages = 1) {
  return arrange(init_process_group({.timeout = std::chrono::seconds(20)}), stages);
}

std::shared_ptr<Model> part_of(const models::LlamaWeights& weights, const RankGrid& grid) {
  return make_llama(weights, WeightFormat::fp32, grid);
}

void check_logits_of_ranks(std::int64_t kv_heads, bool tied, int stages = 1) {
  const RankGrid grid = ranks(stages);
  const auto weights = small_weights(kv_heads, tied);
  const auto ids = some_ids(200);  // more than one part
  const at::Tensor whole = testing::logits_of(*make_llama(weights, WeightFormat::fp32), ids);
  const auto part = part_of(weights, grid);
  const at::Tensor shared = testing::logits_of(*part, ids);
  ASSERT_EQ(shared.defined(), !grid.pipeline || grid.pipeline->is_last());
  if (!shared.defined()) return grid.pipeline->settle();
  ASSERT_EQ(shared.sizes(), whole.sizes());
  EXPECT_LT((shared - whole).abs().max().item<double>(), 1e-4);
}

TEST(TensorParallelDistributed, TwoRanksHaveTheLogitsOfOne) {
  run_ranks(2, [] { check_logits_of_ranks(2, false); });
}

TEST(TensorParallelDistributed, RanksShareAHeadOfKeys) {
  run_ranks(4, [] { check_logits_of_ranks(2, true); });
}

TEST(TensorParallelDistributed, RanksHoldTheirPartsAlone) {
  run_ranks(2, [] {
    const RankGrid grid = ranks();
    const auto weights = small_weights(2, false);
    const auto whole = make_llama(weights, WeightFormat::fp32);
    EXPECT_LT(part_of(weights, grid)->bytes(), 0.54 * static_cast<double>(whole->bytes()));
  });
}

TEST(TensorParallelDistributed, SumsInEightBitsAreCloseAndMoveFewerBytes) {
  run_ranks(2, [] {
    const auto group = init_process_group({.timeout = std::chrono::seconds(20)});
    const auto weights = small_weights(2, false);
    const auto ids = some_ids(200);
    std::int64_t bytes[2];
    at::Tensor logits[2];
    for (const bool int8_sums : {false, true}) {
      const std::int64_t before = group->traffic().bytes;
      const RankGrid grid = arrange(group, 1, {.int8_sums = int8_sums});
      logits[int8_sums] = testing::logits_of(*part_of(weights, grid), ids);
      bytes[int8_sums] = group->traffic().bytes - before;
    }
    const at::Tensor difference = logits[1] - logits[0];
    EXPECT_GT(difference.norm().item<double>(), 0);
    EXPECT_LT(difference.norm().item<double>() / logits[0].norm().item<double>(), 0.03);
    // Of 4 layers with two sums of 200 tokens: 4 bytes a number against 1, and a scale a token.
    EXPECT_EQ(bytes[0] - bytes[1], 4 * 2 * 200 * (3 * 48 - 4));
  });
}

TEST(TensorParallelDistributed, RefusesSumsInEightBitsAmongFour) {
  run_ranks(4, [] {
    const auto group = init_process_group({.timeout = std::chrono::seconds(20)});
    EXPECT_EQ(error_of<InvalidArgument>([&] { arrange(group, 1, {.int8_sums = true}); }),
              "sums in 8 bits: expected at most 3 ranks side by side, got 4");
  });
}

TEST(PipelineParallelDistributed, TwoStagesHaveTheLogitsOfOne) {
  run_ranks(2, [] { check_logits_of_ranks(2, false, 2); });
}

TEST(PipelineParallelDistributed, ThreeStagesHaveTheLogitsOfOne) {
  run_ranks(3, [] { check_logits_of_ranks(2, true, 3); });
}

TEST(PipelineParallelDistributed, TwoStagesOfTwoRanksHaveTheLogitsOfOne) {
  run_ranks(4, [] { check_logits_of_ranks(2, true, 2); });
}

TEST(PipelineParallelDistributed, RefusesStagesThatDoNotDivideTheRanks) {
  run_ranks(3, [] {
    EXPECT_EQ(error_of<InvalidArgument>([] { ranks(2); }),
              "pipeline parallelism: 3 ranks do not divide by 2 stages");
  });
}

/// What an engine generates for a few requests of different kinds.
std::vector<std::string> outputs_of(Engine& engine) {
  std::vector<std::future<std::string>> results;
  for (std::int64_t i = 0; i < 6; ++i) {
    const auto text = std::make_shared<std::string>();
    const auto done = std::make_shared<std::promise<std::string>>();
    results.push_back(done->get_future());
    Request request{.prompt = some_ids(3 + 70 * i), .max_tokens = 5 + i, .ignore_end = true};
    request.sampling.temperature = i % 2 == 0 ? 0 : 0.8;
    request.sampling.seed = static_cast<std::uint64_t>(i);
    if (i == 3) request.logprobs = 2;
    engine.submit(std::move(request), [text, done](const Output& output) {
      for (const GeneratedToken& token : output.tokens) *text += std::to_string(token.id) + ' ';
      if (output.finish) done->set_value(*text + output.error);
    });
  }
  std::vector<std::string> texts;
  for (auto& result : results) texts.push_back(result.get());
  return texts;
}

void check_engine_of_ranks(int stages) {
  const RankGrid grid = ranks(stages);
  const auto weights = small_weights(2, true);
  const EngineOptions options{.cache_bytes = 1 << 22, .step_tokens = 300};
  EngineParts parts{.model = part_of(weights, grid)};
  if (grid.all->rank() > 0) return follow_engine(std::move(parts), options, grid, "model");
  const auto expected =
      outputs_of(*start_engine({.model = make_llama(weights, WeightFormat::fp32)}, options));
  const auto engine = lead_engine(std::move(parts), options, grid, "model");
  EXPECT_EQ(outputs_of(*engine), expected);
}

TEST(ParallelEngineDistributed, GeneratesWhatOneProcessDoes) {
  run_ranks(2, [] { check_engine_of_ranks(1); });
}

TEST(ParallelEngineDistributed, OfTwoStagesGeneratesWhatOneProcessDoes) {
  run_ranks(2, [] { check_engine_of_ranks(2); });
}

TEST(ParallelEngineDistributed, OfThreeStagesGeneratesWhatOneProcessDoes) {
  run_ranks(3, [] { check_engine_of_ranks(3); });
}

TEST(ParallelEngineDistributed, OfTwoStagesOfTwoRanksGeneratesWhatOneProcessDoes) {
  run_ranks(4, [] { check_engine_of_ranks(2); });
}

TEST(ParallelEngineDistributed, RefusesARankWithAnotherModel) {
  run_ranks(2, [] {
    const RankGrid grid = ranks();
    const auto weights = small_weights(2, true);
    EngineParts parts{.model = part_of(weights, grid)};
    const std::string error = error_of<InvalidArgument>([&] {
      const std::string digest = grid.all->rank() == 0 ? "this" : "that";
      if (grid.all->rank() > 0) return follow_engine(std::move(parts), {}, grid, digest);
      lead_engine(std::move(parts), {}, grid, digest);
    });
    EXPECT_NE(error.find("rank 1 of the engine differs from rank 0"), std::string::npos) << error;
  });
}

TEST(ParallelEngineDistributed, EndsAllRequestsWhenARankDies) {
  const auto outcomes = outcomes_of_ranks(2, [] {
    const RankGrid grid = ranks();
    const auto weights = small_weights(2, true);
    EngineParts parts{.model = part_of(weights, grid)};
    if (grid.all->rank() > 0) {
      std::thread([] {
        std::this_thread::sleep_for(std::chrono::seconds(1));
        ::raise(SIGKILL);
      }).detach();
      return follow_engine(std::move(parts), {}, grid, "model");
    }
    const auto engine = lead_engine(std::move(parts), {}, grid, "model");
    std::promise<std::string> ended;
    std::string error;
    engine->submit({.prompt = {1}, .max_tokens = 1'000'000, .ignore_end = true},
                   [&](const Output& output) {
                     if (output.finish) ended.set_value(output.error);
                   });
    auto result = ended.get_future();
    ASSERT_EQ(result.wait_for(std::chrono::seconds(30)), std::future_status::ready);
    EXPECT_NE(result.get().find("rank 1"), std::string::npos);
    EXPECT_THROW(engine->submit({.prompt = {1}, .max_tokens = 1}, [](const Output&) {}), Error);
  });
  EXPECT_TRUE(outcomes[0].passed()) << outcomes[0].output;
  EXPECT_TRUE(WIFSIGNALED(outcomes[1].status));
}

}  // namespace
}  // namespace hadal::draf
