#include "hadal/msp/defend/config.h"

#include "hadal/core/error.h"
#include "hadal/testing/error_of.h"

#include <gtest/gtest.h>

namespace hadal::msp {
namespace {

HardenConfig parse(std::string_view text) { return parse_harden_config(text, "/runs/a.toml"); }

std::string refusal(std::string_view text) {
  return hadal::testing::error_of<FormatError>([&] { parse(text); });
}

TEST(HardenConfig, ReadsADefenceBesideWhatTrainingReads) {
  const HardenConfig config = parse(R"(
    seed = 4
    [model]
    name = "small-cnn"
    weights = "plain.safetensors"
    [data]
    set = "mnist"
    [train]
    steps = 100
    [defence]
    method = "trades"
    epsilon = 0.3
    norm = "l2"
    steps = 7
    step_size = 0.5
    beta = 3
    warm_up = 0.5
    average = 0.9
    [evaluation]
    images = 50
    epsilon = 0.25
    attacks = "apgd"
    [output]
    model = "hard.safetensors"
  )");
  EXPECT_EQ(config.train.steps, 100);
  EXPECT_EQ(config.defence.method, HardenMethod::trades);
  EXPECT_EQ(config.defence.threat.epsilon, 0.3);
  EXPECT_EQ(config.defence.threat.norm, Norm::l2);
  EXPECT_EQ(config.defence.steps, 7);
  EXPECT_EQ(config.defence.step_size, 0.5);
  EXPECT_EQ(config.defence.beta, 3);
  EXPECT_EQ(config.defence.average, 0.9);
  EXPECT_EQ(config.warm_up, 0.5);
  EXPECT_EQ(config.evaluation.images, 50);
  EXPECT_EQ(config.evaluation.epsilon, 0.25);
  EXPECT_EQ(parse("[defence]\nepsilon = 0.1").evaluation.epsilon, 0.1);
  EXPECT_EQ(config.evaluation.attacks, VerdictAttacks::apgd);
  EXPECT_EQ(config.start, "/runs/plain.safetensors");
  EXPECT_EQ(config.output, "/runs/hard.safetensors");
}

TEST(HardenConfig, NeedsAnEpsilonAndANetworkForImages) {
  EXPECT_EQ(refusal(""),
            "/runs/a.toml: defence.epsilon: expected a number above 0, at most 1e+06, but the "
            "field is missing");
  EXPECT_TRUE(refusal("[defence]\nepsilon = 0.1\n[model]\nname = \"decoder\"")
                  .starts_with("/runs/a.toml: model.name: expected a network for images"));
}

TEST(HardenConfig, RefusesFieldsThatItsMethodDoesNotRead) {
  EXPECT_TRUE(refusal("[defence]\nepsilon = 0.1\nbeta = 2").starts_with("/runs/a.toml, line 3"));
  EXPECT_TRUE(
      refusal("[defence]\nepsilon = 0.1\ncheck_every = 2").starts_with("/runs/a.toml, line 3"));
}

TEST(HardenConfig, MakesATaskOfGeneratedDigits) {
  HardenConfig config = parse("[model]\nname = \"glyph-cnn\"\n[defence]\nepsilon = 0.1");
  const auto task = make_adversarial_task(config, std::nullopt);
  EXPECT_GT(task->example_count(), 0);
  config.start = "/runs/none.safetensors";
  EXPECT_THROW(make_adversarial_task(config, std::nullopt), IoError);
}

}  // namespace
}  // namespace hadal::msp
