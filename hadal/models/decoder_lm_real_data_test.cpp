#include "hadal/core/safetensors/reader.h"
#include "hadal/models/decoder_lm.h"
#include "hadal/models/state.h"
#include "hadal/models/test_support.h"
#include "hadal/testing/paths.h"

#include <fstream>

#include <ATen/ops/cat.h>
#include <ATen/ops/tensor.h>
#include <c10/core/InferenceMode.h>
#include <nlohmann/json.hpp>

namespace hadal::models {
namespace {

using testing::max_difference;

/// The trained model of the folder, whose sizes are those of its config.json.
DecoderLm stories(const std::filesystem::path& folder) {
  DecoderLm model(DecoderLmOptions{.vocabulary = 512,
                                   .dim = 64,
                                   .layers = 5,
                                   .heads = 8,
                                   .kv_heads = 4,
                                   .hidden = 172,
                                   .context = 512});
  load_state(*model, SafetensorsReader(folder));
  return model;
}

at::Tensor ids_of(const nlohmann::json& ids) {
  return at::tensor(ids.get<std::vector<std::int64_t>>(), at::kLong).unsqueeze(0);
}

nlohmann::json golden(const std::filesystem::path& folder) {
  std::ifstream file(folder / "golden.json");
  return nlohmann::json::parse(file);
}

TEST(DecoderLmRealData, GivesTheLogitsOfAnotherImplementation) {
  HADAL_REQUIRE_DATA(folder, "llm/stories260K-hf");
  const c10::InferenceMode no_grad;
  DecoderLm model = stories(folder);
  const at::Tensor ids = ids_of(golden(folder)["prompt_ids"]);
  const at::Tensor expected =
      SafetensorsReader(folder / "golden_logits.safetensors").tensor("logits");
  EXPECT_LT(max_difference(model->forward(ids)[0], expected), 1e-4);
  model->to(at::kDouble);
  EXPECT_LT(max_difference(model->forward(ids)[0], expected), 1e-5);
}

TEST(DecoderLmRealData, WritesTheGreedyTokensOfTransformers) {
  HADAL_REQUIRE_DATA(folder, "llm/stories260K-hf");
  const c10::InferenceMode no_grad;
  DecoderLm model = stories(folder);
  const auto json = golden(folder);
  const at::Tensor expected = ids_of(json["greedy_ids"]);
  at::Tensor ids = ids_of(json["prompt_ids"]);
  ASSERT_EQ(expected.size(1), ids.size(1) + 100);
  while (ids.size(1) < expected.size(1)) {
    const at::Tensor next = model->forward(ids).select(1, -1).argmax(-1, /*keepdim=*/true);
    ids = at::cat({ids, next}, 1);
  }
  EXPECT_TRUE(ids.equal(expected));
}

}  // namespace
}  // namespace hadal::models
