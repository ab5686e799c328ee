#include "hadal/models/llama/generation.h"

#include "hadal/core/error.h"
#include "hadal/testing/error_of.h"
#include "hadal/testing/paths.h"

#include <gtest/gtest.h>

namespace hadal::models {
namespace {

using hadal::testing::error_of;

TEST(GenerationConfig, ReadsWhatItSaysAndLeavesTheRestEmpty) {
  const auto config = parse_generation_config(
      R"({"do_sample": true, "temperature": 0.6, "top_k": 20, "top_p": 0.95, "min_p": null,
          "eos_token_id": [2, 3], "transformers_version": "5.0.0"})",
      "F");
  EXPECT_EQ(config.sample, true);
  EXPECT_EQ(config.temperature, 0.6);
  EXPECT_EQ(config.top_k, 20);
  EXPECT_EQ(config.top_p, 0.95);
  EXPECT_FALSE(config.min_p || config.repetition_penalty || config.max_new_tokens);
  EXPECT_EQ(config.end_ids, (std::vector<std::int64_t>{2, 3}));
}

TEST(GenerationConfig, RefusesWhatIsOutOfRange) {
  const auto refusal = [](const char* text) {
    return error_of<FormatError>([&] { parse_generation_config(text, "F"); });
  };
  EXPECT_EQ(refusal(R"({"top_p": 1.5})"), "F: top_p: expected a number from 0 to 1, found 1.5");
  EXPECT_EQ(refusal(R"({"eos_token_id": -1})"),
            "F: eos_token_id: expected an integer from 0 to 2147483647, found -1");
  EXPECT_EQ(refusal("[]"), "F: the file: expected an object, found an array");
}

TEST(GenerationConfig, IsEmptyWhereThereIsNone) {
  const hadal::testing::TemporaryFolder folder;
  EXPECT_TRUE(read_generation_config(folder.path()).end_ids.empty());
}

}  // namespace
}  // namespace hadal::models
