#include "hadal/models/llama/checkpoint.h"

#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/core/safetensors/reader.h"
#include "hadal/core/safetensors/writer.h"
#include "hadal/models/llama/make_model.h"
#include "hadal/models/llama/tensors.h"
#include "hadal/models/llama/weights.h"
#include "hadal/testing/error_of.h"
#include "hadal/testing/paths.h"

#include <filesystem>
#include <map>
#include <set>

#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace hadal::models {
namespace {

namespace fs = std::filesystem;
using hadal::testing::error_of;
using hadal::testing::TemporaryFolder;
using Tensors = std::map<std::string, at::Tensor>;

LlamaConfig config() { return tiny_config(LlamaFamily::qwen2); }

Tensors tensors() {
  Tensors all;
  for_each_tensor(config(), [&](const LlamaTensor& tensor) {
    all.emplace(tensor.name, at::zeros(tensor.shape, at::kFloat));
  });
  return all;
}

/// What is said of a folder with these weights, without its name.
std::string problems(const Tensors& weights) {
  const TemporaryFolder folder;
  write_safetensors(folder / "model.safetensors", weights);
  const auto text = error_of<FormatError>([&] { check_checkpoint(config(), folder.path()); });
  return text == "no error" ? text : text.substr(folder.path().string().size());
}

std::string layer(const char* part) { return layer_tensor(1, part); }

TEST(LlamaCheckpoint, AcceptsItsWeights) {
  EXPECT_EQ(problems(tensors()), "no error");
  Tensors old = tensors();
  old["model.layers.0.self_attn.rotary_emb.inv_freq"] = at::zeros({4});
  old["lm_head.weight"] = at::zeros({3});  // the head is tied
  EXPECT_EQ(problems(old), "no error");
}

TEST(LlamaCheckpoint, ListsAllProblemsAtOnce) {
  Tensors bad = tensors();
  bad.erase(layer("mlp.up_proj.weight"));
  bad[layer("self_attn.k_proj.bias")] = at::zeros({31});
  bad["model.norm.weight"] = at::zeros({64}, at::kLong);
  bad["model.layers.4.mlp.up_proj.weight"] = at::zeros({1});
  EXPECT_EQ(problems(bad),
            ": the weights are not those that config.json asks for (4 problems):\n"
            "  model.layers.1.self_attn.k_proj.bias: expected the shape [32], found [31]\n"
            "  model.layers.1.mlp.up_proj.weight: missing; expected [160, 64]\n"
            "  model.norm.weight: expected F32, BF16 or F16, found I64\n"
            "  \"model.layers.4.mlp.up_proj.weight\": a model of this configuration has no such "
            "weight");
}

TEST(LlamaCheckpoint, BoundsItsList) {
  const std::string text = problems({{"x", at::zeros({1})}});
  EXPECT_NE(text.find("(51 problems)"), text.npos) << text;
  EXPECT_NE(text.find("\n  and 31 more"), text.npos) << text;
}

TEST(LlamaCheckpoint, NamesEveryShardThatIsCutOrMissing) {
  const TemporaryFolder folder;
  write_sharded_safetensors(folder.path(), tensors(), {}, 200'000);
  std::set<fs::path> shards;
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    if (entry.path().extension() == ".safetensors") shards.insert(entry.path());
  }
  ASSERT_GT(shards.size(), 2U);
  fs::resize_file(*shards.begin(), 1000);
  fs::remove(*shards.rbegin());
  const auto text = error_of<FormatError>([&] { check_checkpoint(config(), folder.path()); });
  EXPECT_NE(text.find("(2 problems)"), text.npos) << text;
  EXPECT_NE(text.find(shards.begin()->filename().string()), text.npos) << text;
  EXPECT_NE(text.find(shards.rbegin()->filename().string()), text.npos) << text;
}

TEST(LlamaCheckpoint, RefusesPickleAndSaysWhy) {
  const TemporaryFolder folder;
  write_file(folder / "pytorch_model.bin", "PK");
  const auto text = error_of<Unsupported>([&] { check_checkpoint(config(), folder.path()); });
  EXPECT_NE(text.find("\"pytorch_model.bin\", a pickle file"), text.npos) << text;
  EXPECT_NE(text.find("can run any program"), text.npos) << text;
}

TEST(LlamaCheckpoint, SaysThatAFolderHasNoWeights) {
  const TemporaryFolder folder;
  EXPECT_NE(error_of<IoError>([&] {
              check_checkpoint(config(), folder.path());
            }).find("there is no model.safetensors"),
            std::string::npos);
}

TEST(LlamaWeights, AreViewsOfTheFile) {
  const TemporaryFolder folder;
  const fs::path model = folder / "m";
  write_random_model(model, config(), 1);
  const LlamaWeights weights = read_llama(model);
  EXPECT_EQ(weights.tensors.size(), tensors().size());
  const SafetensorsReader reader(model);
  for (const auto& [name, tensor] : weights.tensors) {
    EXPECT_TRUE(tensor.equal(reader.tensor(name))) << name;
  }
}

TEST(RandomModel, IsTheSameForASeedAndKeepsWhatIsThere) {
  const TemporaryFolder folder;
  write_random_model(folder / "a", config(), 1);
  write_random_model(folder / "b", config(), 1);
  write_random_model(folder / "c", config(), 2);
  const auto hash = [&](const char* name) {
    return sha256_of_file(folder / name / "model.safetensors");
  };
  EXPECT_EQ(hash("a"), hash("b"));
  EXPECT_NE(hash("a"), hash("c"));
  EXPECT_NE(error_of<InvalidArgument>([&] { write_random_model(folder / "a", config(), 3); }),
            "no error");
}

}  // namespace
}  // namespace hadal::models
