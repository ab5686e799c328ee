#include "hadal/draf/engine/parallel.h"

#include "hadal/core/process_group/testing.h"
#include "hadal/draf/model/llama.h"
#include "hadal/draf/model/test_support.h"
#include "hadal/draf/parallel/shard.h"
#include "hadal/models/llama/make_model.h"
#include "hadal/models/llama/tensors.h"
#include "hadal/testing/error_of.h"

#include <csignal>
#include <future>

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/empty.h>
#include <gtest/gtest.h>

namespace hadal::draf {
namespace {

using hadal::testing::error_of;
using hadal::testing::outcomes_of_ranks;
using hadal::testing::run_ranks;

/// A model with biases, a sliding window and a vocabulary that does not divide by ranks.
models::LlamaWeights small_weights(std::int64_t kv_heads, bool tied) {
  models::LlamaConfig config = models::tiny_config(models::LlamaFamily::qwen2);
  config.vocabulary = 301;
  config.dim = 48;
  config.heads = 4;
  config.kv_heads = kv_heads;
  config.head_dim = 12;
  config.hidden = 96;
  config.tied = tied;
  config.output_bias = config.mlp_bias = true;
  auto generator = at::make_generator<at::CPUGeneratorImpl>(std::uint64_t{7});
  models::LlamaWeights weights{.config = config, .tensors = {}};
  models::for_each_tensor(config, [&](const models::LlamaTensor& tensor) {
    weights.tensors[tensor.name] = at::empty(tensor.shape, at::kFloat).normal_(0, 0.2, generator);
  });
  return weights;
}

std::shared_ptr<ProcessGroup> ranks() {
  return init_process_group({.timeout = std::chrono::seconds(20)});
}

std::shared_ptr<Model> shard_model(const models::LlamaWeights& weights,
                                   const std::shared_ptr<ProcessGroup>& group) {
  return make_llama(shard_of(weights, {.rank = group->rank(), .ranks = group->size()}),
                    WeightFormat::fp32, std::make_shared<TensorParallel>(group));
}

std::vector<std::int64_t> some_ids(std::int64_t count) {
  std::vector<std::int64_t> ids;
  for (std::int64_t i = 0; i < count; ++i) ids.push_back(i * 37 % 301);
  return ids;
}

void check_logits_of_ranks(std::int64_t kv_heads, bool tied) {
  const auto group = ranks();
  const auto weights = small_weights(kv_heads, tied);
  const auto ids = some_ids(200);  // more than one part
  const at::Tensor whole = testing::logits_of(*make_llama(weights, WeightFormat::fp32), ids);
  const at::Tensor shared = testing::logits_of(*shard_model(weights, group), ids);
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
    const auto group = ranks();
    const auto weights = small_weights(2, false);
    const auto whole = make_llama(weights, WeightFormat::fp32);
    EXPECT_LT(shard_model(weights, group)->bytes(), 0.54 * static_cast<double>(whole->bytes()));
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

TEST(ParallelEngineDistributed, GeneratesWhatOneProcessDoes) {
  run_ranks(2, [] {
    const auto group = ranks();
    const auto weights = small_weights(2, true);
    const EngineOptions options{.cache_bytes = 1 << 22, .step_tokens = 128};
    EngineParts parts{.model = shard_model(weights, group)};
    if (group->rank() > 0) return follow_engine(std::move(parts), options, group, "model");
    const auto expected =
        outputs_of(*start_engine({.model = make_llama(weights, WeightFormat::fp32)}, options));
    const auto engine = lead_engine(std::move(parts), options, group, "model");
    EXPECT_EQ(outputs_of(*engine), expected);
  });
}

TEST(ParallelEngineDistributed, RefusesARankWithAnotherModel) {
  run_ranks(2, [] {
    const auto group = ranks();
    const auto weights = small_weights(2, true);
    EngineParts parts{.model = shard_model(weights, group)};
    const std::string error = error_of<InvalidArgument>([&] {
      const std::string digest = group->rank() == 0 ? "this" : "that";
      if (group->rank() > 0) return follow_engine(std::move(parts), {}, group, digest);
      lead_engine(std::move(parts), {}, group, digest);
    });
    EXPECT_NE(error.find("rank 1 of the engine differs from rank 0"), std::string::npos) << error;
  });
}

TEST(ParallelEngineDistributed, EndsAllRequestsWhenARankDies) {
  const auto outcomes = outcomes_of_ranks(2, [] {
    const auto group = ranks();
    const auto weights = small_weights(2, true);
    EngineParts parts{.model = shard_model(weights, group)};
    if (group->rank() > 0) {
      std::thread([] {
        std::this_thread::sleep_for(std::chrono::seconds(1));
        ::raise(SIGKILL);
      }).detach();
      return follow_engine(std::move(parts), {}, group, "model");
    }
    const auto engine = lead_engine(std::move(parts), {}, group, "model");
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
