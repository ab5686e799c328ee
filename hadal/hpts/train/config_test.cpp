#include "hadal/hpts/train/config.h"

#include "hadal/core/error.h"
#include "hadal/testing/error_of.h"

#include <gtest/gtest.h>

namespace hadal::hpts {
namespace {

TrainConfig parse(std::string_view text) { return parse_train_config(text, "/runs/a.toml"); }

std::string refusal(std::string_view text) {
  return hadal::testing::error_of<FormatError>([&] { parse(text); });
}

TEST(TrainConfig, HasADefaultForEverything) {
  const TrainConfig config = parse("");
  EXPECT_EQ(std::get<ImageTaskOptions>(config.model).model, "resnet20");
  EXPECT_EQ(config.data_set, "digits");
  EXPECT_EQ(config.epochs, 10);
  EXPECT_TRUE(std::holds_alternative<AdamW>(config.rule));
  EXPECT_EQ(config.schedule.peak, 1e-3);
  EXPECT_EQ(config.precision.policy, TrainConfig::Policy::underflow);
  EXPECT_FALSE(config.checkpoints.folder);
}

TEST(TrainConfig, ReadsADecoder) {
  const TrainConfig config = parse(R"(
    seed = 7
    [model]
    name = "decoder"
    dim = 64
    heads = 4
    [data]
    set = "tinyshakespeare"
    [train]
    steps = 100
    clip_norm = 1.0
  )");
  const auto& decoder = std::get<models::DecoderLmOptions>(config.model);
  EXPECT_EQ(decoder.dim, 64);
  EXPECT_EQ(decoder.kv_heads, 4);
  EXPECT_EQ(config.data_set, "tinyshakespeare");
  EXPECT_EQ(config.steps, 100);
  EXPECT_EQ(config.epochs, 0);
  EXPECT_EQ(config.clip_norm, 1.0);
  EXPECT_EQ(config.seed, 7U);
  EXPECT_EQ(config.optimizer.seed, 7U);
}

TEST(TrainConfig, ReadsOptimizerAndPrecision) {
  const TrainConfig config = parse(R"(
    [optimizer]
    name = "sgd"
    momentum = 0.8
    nesterov = true
    state = "int8"
    schedule = "constant"
    [precision]
    policy = "fixed"
    plan = "plan.json"
    [checkpoints]
    folder = "/tmp/c"
    [log]
    csv = "a/b.csv"
  )");
  EXPECT_EQ(std::get<Sgd>(config.rule).momentum, 0.8);
  EXPECT_TRUE(std::get<Sgd>(config.rule).nesterov);
  EXPECT_EQ(config.optimizer.state, StateFormat::int8);
  EXPECT_EQ(config.schedule.peak, 0.1);
  EXPECT_EQ(config.schedule.kind, models::Schedule::Kind::constant);
  EXPECT_EQ(config.precision.plan, "/runs/plan.json");
  EXPECT_EQ(*config.checkpoints.folder, "/tmp/c");
  EXPECT_EQ(*config.log.csv, "/runs/a/b.csv");
}

TEST(TrainConfig, NamesLineAndFieldOfWhatIsWrong) {
  EXPECT_EQ(refusal("[train]\nbatch = 0"),
            "/runs/a.toml, line 2: train.batch: expected an integer from 1 to 1e+12, got 0");
  EXPECT_EQ(refusal("[model]\nname = \"vgg\""),
            "/runs/a.toml, line 2: model.name: expected one of glyph-cnn, small-cnn, resnet20, "
            "resnet32, resnet44, resnet56, resnet110, resnet18, resnet34, resnet50, resnet101, "
            "resnet152, decoder, got \"vgg\"");
  EXPECT_EQ(refusal("[model]\nname = \"decoder\"\n[data]\nset = \"mnist\""),
            "/runs/a.toml, line 4: data.set: expected one of stories, wikitext2, tinyshakespeare, "
            "got \"mnist\"");
  EXPECT_EQ(refusal("[model]\ndim = 64"), "/runs/a.toml, line 2: model.dim: unknown field");
  EXPECT_EQ(refusal("[optimizer]\nmomentum = 0.9"),
            "/runs/a.toml, line 2: optimizer.momentum: unknown field");
  EXPECT_EQ(refusal("[optimiser]\nname = \"sgd\""),
            "/runs/a.toml, line 1: optimiser: unknown field");
  EXPECT_EQ(refusal("[train]\nsteps = 5\nepochs = 5"),
            "/runs/a.toml, line 3: train.epochs: expected either steps or epochs, got both");
  EXPECT_EQ(refusal("[precision]\npolicy = \"fixed\""),
            "/runs/a.toml: precision.plan: expected a file with policy = \"fixed\", and with no "
            "other");
  EXPECT_EQ(refusal("[model]\nname = \"decoder\"\nheads = 3"),
            "/runs/a.toml, line 3: model.heads: expected heads that part dim into even sizes");
  EXPECT_EQ(refusal("[checkpoints]\nkeep = 1"),
            "/runs/a.toml, line 2: checkpoints.keep: expected an integer from 2 to 1e+12, got 1");
  EXPECT_EQ(refusal("[log]\ncsv = \"\""),
            "/runs/a.toml, line 2: log.csv: expected a path, got an empty text");
}

}  // namespace
}  // namespace hadal::hpts
