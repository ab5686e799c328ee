#include "hadal/draf/model/load.h"

#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/core/memory.h"
#include "hadal/draf/model/test_support.h"
#include "hadal/models/llama/make_model.h"
#include "hadal/testing/error_of.h"
#include "hadal/testing/paths.h"

#include <filesystem>
#include <utility>
#include <vector>

#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

namespace hadal::draf {
namespace {

using hadal::testing::error_of;
using hadal::testing::TemporaryFolder;
using models::LlamaFamily;

const std::vector<std::int64_t> kIds = {256, 70, 71, 300, 310, 72, 500, 511, 0};

double distance(const at::Tensor& a, const at::Tensor& b) {
  EXPECT_EQ(a.sizes(), b.sizes());
  return (a - b).abs().max().item<double>();
}

TEST(LoadModel, ReadsAllThatAFolderSays) {
  const TemporaryFolder folder;
  models::write_random_model(folder / "m", models::tiny_config(LlamaFamily::mistral), 1);
  const LoadedModel loaded = load_model(folder / "m/");
  EXPECT_EQ(loaded.end_ids, (std::vector<std::int64_t>{257, 259}));
  EXPECT_EQ(loaded.special_tokens.at("bos_token"), "<|begin_of_text|>");
  EXPECT_NE(loaded.chat_template.find("<|im_start|>"), std::string::npos);
  EXPECT_EQ(loaded.defaults.sample, false);
  EXPECT_EQ(loaded.model->shape().windows, (std::vector<std::int64_t>{16, 16, 16, 16}));
  EXPECT_EQ(loaded.model->shape().type, at::kBFloat16);
  EXPECT_EQ(loaded.tokenizer->vocabulary_size(), 512);
  EXPECT_EQ(loaded.tokenizer->decode(loaded.tokenizer->encode("a little house\n")),
            "a little house\n");
}

TEST(LoadModel, TakesTheTemplateFileFirst) {
  const TemporaryFolder folder;
  models::write_random_model(folder / "m", models::tiny_config(LlamaFamily::llama), 1);
  write_file(folder / "m" / "chat_template.jinja", "{{ bos_token }}");
  EXPECT_EQ(load_model(folder / "m").chat_template, "{{ bos_token }}");
}

TEST(LoadModel, CopiesNoWeightOfItsFormat) {
  const TemporaryFolder folder;
  auto config = models::tiny_config(LlamaFamily::llama);
  config.type = "bfloat16";
  config.hidden = 4096;
  models::write_random_model(folder / "m", config, 1);
  const MemoryMeter meter;
  const LoadedModel loaded = load_model(folder / "m", {.format = WeightFormat::bf16});
  EXPECT_GT(loaded.model->bytes(), 6'000'000);
  EXPECT_LT(meter.peak_bytes(), 100'000);  // the norms, in fp32
}

TEST(LoadModel, SaysWhereThereIsNoFolder) {
  EXPECT_EQ(error_of<IoError>([] { load_model("/nowhere"); }), "/nowhere: there is no such folder");
}

TEST(Llama, GivesRowsThatDoNotDependOnThePass) {
  const TemporaryFolder folder;
  for (const LlamaFamily family :
       {LlamaFamily::llama, LlamaFamily::mistral, LlamaFamily::qwen2, LlamaFamily::qwen3}) {
    const auto path = folder / std::string(models::name_of(family));
    models::write_random_model(path, models::tiny_config(family), 1);
    const LoadedModel loaded = load_model(path, {.format = WeightFormat::fp32});
    const at::Tensor all = testing::logits_of(*loaded.model, kIds);
    testing::PlainAttention kept(loaded.model->shape());
    const LayerAttention attention = [&](auto&&... parts) { return kept(parts...); };
    for (std::int64_t i = 0; i < std::ssize(kIds); ++i) {
      const at::Tensor row =
          loaded.model->forward(testing::tensor_of({kIds[static_cast<std::size_t>(i)]}),
                                testing::tensor_of({i}), testing::tensor_of({0}), attention);
      EXPECT_LT(distance(row[0], all[i]), 1e-4) << models::name_of(family) << ' ' << i;
    }
  }
}

TEST(Llama, GivesTheLogitsOfTheRowsThatAreWanted) {
  const TemporaryFolder folder;
  models::write_random_model(folder / "m", models::tiny_config(LlamaFamily::llama), 1);
  const LoadedModel loaded = load_model(folder / "m", {.format = WeightFormat::fp32});
  const at::Tensor all = testing::logits_of(*loaded.model, kIds);
  const at::Tensor positions = at::arange(std::ssize(kIds), at::kLong);
  const auto rows = [&](const std::vector<std::int64_t>& wanted) {
    return loaded.model->forward(testing::tensor_of(kIds), positions, testing::tensor_of(wanted),
                                 testing::PlainAttention(loaded.model->shape()));
  };
  const at::Tensor some = rows({8, 2});
  EXPECT_TRUE(some[0].equal(all[8]) && some[1].equal(all[2]));
  EXPECT_EQ(rows({}).sizes(), (at::IntArrayRef{0, 512}));
}

TEST(Llama, IsCloseInEveryFormat) {
  const TemporaryFolder folder;
  auto config = models::tiny_config(LlamaFamily::qwen3);
  config.type = "bfloat16";
  models::write_random_model(folder / "m", config, 1);
  const auto load = [&](WeightFormat format) {
    return load_model(folder / "m", {.format = format}).model;
  };
  const auto exact = load(WeightFormat::fp32);
  const at::Tensor logits = testing::logits_of(*exact, kIds);
  EXPECT_GT(logits.abs().max().item<double>(), 2);
  const std::pair<WeightFormat, double> kFormats[] = {
      {WeightFormat::bf16, 0.03}, {WeightFormat::int8, 0.04}, {WeightFormat::int4, 0.4}};
  std::int64_t bytes = exact->bytes();
  for (const auto& [format, bound] : kFormats) {
    const auto model = load(format);
    const at::Tensor difference = testing::logits_of(*model, kIds) - logits;
    // Relative to the logits' own size.
    EXPECT_LT(difference.norm().item<double>() / logits.norm().item<double>(), bound);
    EXPECT_LT(model->bytes(), bytes);
    bytes = model->bytes();
  }
}

TEST(LlamaRealData, RunsLlama2cAsTheHuggingFaceFolder) {
  HADAL_REQUIRE_DATA(folder, "llm");
  const LoadedModel ours = load_model(folder / "stories260K", {.format = WeightFormat::fp32});
  const LoadedModel theirs = load_model(folder / "stories260K-hf", {.format = WeightFormat::fp32});
  EXPECT_EQ(ours.end_ids, theirs.end_ids);
  for (const char* text : {"Once upon a time, there was a little girl named Lily.", "", "  two  ",
                           "caf\u00e9 \U0001F600\n\tend", "</s> spelled"}) {
    const auto ids = theirs.tokenizer->encode(text);
    EXPECT_EQ(ours.tokenizer->encode(text), ids) << text;
    EXPECT_EQ(ours.tokenizer->decode(ids), theirs.tokenizer->decode(ids)) << text;
    EXPECT_TRUE(testing::logits_of(*ours.model, ids).equal(testing::logits_of(*theirs.model, ids)));
  }
}

}  // namespace
}  // namespace hadal::draf
