#include "hadal/models/llama/llama2c.h"

#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/models/llama/exercise.h"
#include "hadal/testing/error_of.h"
#include "hadal/testing/paths.h"

#include <cstring>
#include <span>
#include <vector>

#include <gtest/gtest.h>

namespace hadal::models {
namespace {

using hadal::testing::error_of;

std::span<const std::byte> bytes_of(const std::vector<float>& numbers) {
  return std::as_bytes(std::span(numbers));
}

/// A file with this header and `count` numbers after it, 0, 1, 2 and so on.
std::vector<float> file(const std::vector<std::int32_t>& header, std::size_t count) {
  std::vector<float> numbers(7 + count);
  std::memcpy(numbers.data(), header.data(), 28);
  for (std::size_t i = 0; i < count; ++i) numbers[7 + i] = static_cast<float>(i);
  return numbers;
}

// Embedding 3 x 4, norms 3 x 4, query and output 4 x 4, key and value 2 x 4, feed-forward 3 x 5 x
// 4, and 2 x 1 angles.
const std::vector<std::int32_t> kHeader = {4, 5, 1, 2, 1, 3, 1};
constexpr std::size_t kNumbers = 12 + 12 + 32 + 16 + 60 + 2;

std::string refusal(const std::vector<float>& numbers) {
  return error_of<FormatError>([&] { parse_llama2c(bytes_of(numbers), nullptr, "F"); });
}

TEST(Llama2c, ReadsWeightsInTheFilesOrder) {
  const auto numbers = file(kHeader, kNumbers);
  const LlamaWeights weights = parse_llama2c(bytes_of(numbers), nullptr, "F");
  EXPECT_TRUE(weights.config.tied);
  const auto first = [&](const char* name) {
    return weights.tensors.at(name).reshape({-1})[0].item<float>();
  };
  EXPECT_EQ(first("model.embed_tokens.weight"), 0);
  EXPECT_EQ(first("model.layers.0.input_layernorm.weight"), 12);
  EXPECT_EQ(first("model.layers.0.self_attn.q_proj.weight"), 16);
  EXPECT_EQ(first("model.layers.0.self_attn.o_proj.weight"), 48);
  EXPECT_EQ(first("model.layers.0.mlp.down_proj.weight"), 88);
  EXPECT_EQ(first("model.norm.weight"), 128);
}

TEST(Llama2c, RefusesOtherSizes) {
  auto numbers = file(kHeader, kNumbers);
  numbers.pop_back();
  EXPECT_EQ(refusal(numbers),
            "F: expected 564 bytes for 1 layers of width 4, but the file has 560");
  EXPECT_EQ(refusal({1, 2}), "F: expected a header of 28 bytes, but the file has 8");
  EXPECT_EQ(refusal(file({4, 5, 0, 2, 1, 3, 1}, 0)),
            "F: byte 8: expected n_layers from 1 to 4096, found 0");
  EXPECT_EQ(refusal(file({6, 5, 1, 2, 1, 3, 1}, 0)),
            "F: a width of 6 cannot be shared by 2 heads of an even width, and these by 1 heads of "
            "keys");
}

TEST(Llama2c, TakesAHeadOfItsOwnWhereTheVocabularyIsNegative) {
  const auto numbers = file({4, 5, 1, 2, 1, -3, 1}, kNumbers + 12);
  const LlamaWeights weights = parse_llama2c(bytes_of(numbers), nullptr, "F");
  EXPECT_EQ(weights.tensors.at("lm_head.weight")[0][0].item<float>(), kNumbers);
}

TEST(Llama2cRealData, HasTheWeightsOfTheHuggingFaceFolder) {
  HADAL_REQUIRE_DATA(folder, "llm");
  const auto files = find_llama2c(folder / "stories260K");
  ASSERT_TRUE(files.has_value());
  const LlamaWeights ours = read_llama2c(files->model);
  const LlamaWeights theirs = read_llama(folder / "stories260K-hf");
  EXPECT_EQ(ours.config, theirs.config);
  ASSERT_EQ(ours.tensors.size(), theirs.tensors.size());
  for (const auto& [name, tensor] : theirs.tensors) {
    EXPECT_TRUE(ours.tensors.at(name).equal(tensor)) << name;
  }
}

TEST(LlamaFiles, ThrowNothingButErrors) {
  std::size_t files = 0;
  for (const char* folder : {"llama_config", "llama2c"}) {
    const auto corpus = hadal::testing::source_path("hadal/models/llama/testdata") / folder;
    for (const auto& entry : std::filesystem::directory_iterator(corpus)) {
      const std::string text = read_file(entry.path());
      EXPECT_NO_THROW(exercise_config(text)) << entry.path();
      EXPECT_NO_THROW(exercise_llama2c(std::as_bytes(std::span(text)))) << entry.path();
      ++files;
    }
  }
  EXPECT_GE(files, 6U);
}

}  // namespace
}  // namespace hadal::models
