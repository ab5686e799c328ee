#include "hadal/cli/generate/arguments.h"
#include "hadal/cli/testing/call.h"
#include "hadal/core/error.h"
#include "hadal/testing/paths.h"

#include <fstream>

#include <nlohmann/json.hpp>

namespace hadal::cli {
namespace {

TEST(Generate, RefusesWhatIsNoOption) {
  const auto errors = [](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"generate", "/nowhere/model", "Hello"});
    const auto outcome = testing::call(arguments);
    EXPECT_EQ(outcome.status, 2);
    return outcome.errors;
  };
  EXPECT_EQ(errors({"--attention", "dim"}),
            "hadal: expected a kind of attention, got \"dim\"\n"
            "  one of dense, shadow, canary, dao\n");
  EXPECT_EQ(errors({"--format", "fp64"}),
            "hadal: expected a weight format, got \"fp64\"\n  one of fp32, bf16, int8, int4\n");
  EXPECT_NE(errors({}).find("/nowhere/model"), std::string::npos);
}

TEST(Generate, TakesTheAuthorsAdviceUnlessToldOtherwise) {
  const models::GenerationConfig advised{.sample = true, .temperature = 0.6, .top_p = 0.9};
  GenerateArguments arguments;
  EXPECT_EQ(sampling_of(arguments, advised).temperature, 0.6);
  EXPECT_EQ(sampling_of(arguments, advised).top_p, 0.9);
  EXPECT_EQ(sampling_of(arguments, {.sample = false, .temperature = 0.6}).temperature, 0);
  EXPECT_EQ(sampling_of(arguments, {}).temperature, 1);
  arguments.temperature = 0;
  arguments.top_k = 3;
  EXPECT_EQ(sampling_of(arguments, advised).temperature, 0);
  EXPECT_EQ(sampling_of(arguments, advised).top_k, 3);
}

class GenerateRealData : public ::testing::Test {};

TEST_F(GenerateRealData, StreamsWhatTransformersGenerates) {
  HADAL_REQUIRE_DATA(folder, "llm/stories260K-hf");
  const auto golden = nlohmann::json::parse(std::ifstream(folder / "golden.json"));
  const auto prompt = golden["prompt"].get<std::string>();
  const auto outcome = testing::call({"generate", folder.string(), prompt, "--max-tokens", "20",
                                      "--temperature", "0", "--format", "fp32", "--stats"});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_TRUE(outcome.output.starts_with(" ")) << outcome.output;
  EXPECT_NE(outcome.errors.find("generated: 20 tokens"), std::string::npos) << outcome.errors;
  const auto stopped = testing::call({"generate", folder.string(), prompt, "--temperature", "0",
                                      "--format", "fp32", "--stop", "to play"});
  EXPECT_EQ(stopped.output.find("to play"), std::string::npos);
}

}  // namespace
}  // namespace hadal::cli
