#include "hadal/draf/model/load.h"
#include "hadal/draf/testing/collected.h"
#include "hadal/testing/paths.h"

#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace hadal::draf {
namespace {

TEST(LlamaEngineRealData, GivesTheIdsOfTransformersInBatchesAndChunks) {
  HADAL_REQUIRE_DATA(folder, "llm/stories260K-hf");
  const auto golden = nlohmann::json::parse(std::ifstream(folder / "golden.json"));
  const auto prompt = golden["prompt_ids"].get<std::vector<std::int64_t>>();
  const auto all = golden["greedy_ids"].get<std::vector<std::int64_t>>();
  const std::vector<std::int64_t> expected(all.begin() + static_cast<std::ptrdiff_t>(prompt.size()),
                                           all.end());
  LoadedModel loaded = load_model(folder, {.format = WeightFormat::fp32});
  const std::shared_ptr<const Model> model = std::move(loaded.model);
  for (const std::int64_t step : {16, 512}) {
    const auto engine = start_engine({.model = model, .tokenizer = loaded.tokenizer},
                                     {.max_running = 8, .step_tokens = step});
    std::vector<testing::Collected> outputs(6);
    for (auto& output : outputs) {
      engine->submit({.prompt = prompt,
                      .max_tokens = static_cast<std::int64_t>(expected.size()),
                      .sampling = {.temperature = 0}},
                     output.sink());
    }
    for (auto& output : outputs) {
      const testing::Whole whole = output.wait();
      EXPECT_EQ(whole.ids, expected);
      EXPECT_EQ(loaded.tokenizer->decode(prompt) + whole.text, loaded.tokenizer->decode(all));
    }
  }
}

TEST(LlamaEngineRealData, EndsBeforeAStopText) {
  HADAL_REQUIRE_DATA(folder, "llm/stories260K-hf");
  LoadedModel loaded = load_model(folder, {.format = WeightFormat::fp32});
  const auto tokenizer = loaded.tokenizer;
  const auto engine = start_engine({.model = std::move(loaded.model), .tokenizer = tokenizer});
  Request request{.prompt = tokenizer->encode("Once upon a time, there was"),
                  .max_tokens = 80,
                  .sampling = {.temperature = 0}};
  const auto whole = testing::generate(*engine, request);
  const std::string stop = whole.text.substr(30, 9);  // within tokens, as a rule
  request.stop = {"never said", stop};
  const auto stopped = testing::generate(*engine, request);
  EXPECT_EQ(stopped.finish, FinishReason::stop);
  EXPECT_EQ(stopped.text, whole.text.substr(0, whole.text.find(stop)));
  EXPECT_LT(stopped.ids.size(), whole.ids.size());
}

}  // namespace
}  // namespace hadal::draf
