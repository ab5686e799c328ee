#include "hadal/core/safetensors/reader.h"
#include "hadal/draf/model/llama.h"
#include "hadal/draf/model/test_support.h"
#include "hadal/testing/paths.h"

#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace hadal::draf {
namespace {

nlohmann::json golden(const std::filesystem::path& folder) {
  std::ifstream file(folder / "golden.json");
  return nlohmann::json::parse(file);
}

std::vector<std::int64_t> ids_of(const nlohmann::json& ids) {
  return ids.get<std::vector<std::int64_t>>();
}

double distance(const at::Tensor& a, const at::Tensor& b) {
  EXPECT_EQ(a.sizes(), b.sizes());
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

TEST(LlamaRealData, GivesTheLogitsOfAnotherImplementation) {
  HADAL_REQUIRE_DATA(folder, "llm/stories260K-hf");
  const auto model = make_llama(models::read_llama(folder), WeightFormat::fp32);
  const at::Tensor logits = testing::logits_of(*model, ids_of(golden(folder)["prompt_ids"]));
  const auto expected = SafetensorsReader(folder / "golden_logits.safetensors").tensor("logits");
  EXPECT_LT(distance(logits, expected), 1e-4);
}

TEST(LlamaRealData, WritesTheGreedyTokensOfTransformers) {
  HADAL_REQUIRE_DATA(folder, "llm/stories260K-hf");
  const auto model = make_llama(models::read_llama(folder), WeightFormat::fp32);
  const auto json = golden(folder);
  EXPECT_EQ(testing::greedy(*model, ids_of(json["prompt_ids"]), 100), ids_of(json["greedy_ids"]));
}

}  // namespace
}  // namespace hadal::draf
