#include "hadal/models/llama/make_model.h"

#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/core/random.h"
#include "hadal/core/safetensors/writer.h"
#include "hadal/models/llama/made_tokenizer.h"
#include "hadal/models/llama/tensors.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <ATen/ops/empty.h>
#include <nlohmann/json.hpp>

namespace hadal::models {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kShardBytes = 1'000'000'000;

at::ScalarType type_of(const LlamaConfig& config) {
  if (config.type == "float16") return at::kHalf;
  return config.type == "bfloat16" ? at::kBFloat16 : at::kFloat;
}

/// Fills `tensor` with numbers that are uniform in [low, high), 16 bits each: four a draw, as large
/// models take some billions.
template <class Number>
void fill(at::Tensor& tensor, Random random, float low, float high) {
  auto* numbers = tensor.mutable_data_ptr<Number>();
  const float step = (high - low) / 65536.0F;
  const std::int64_t count = tensor.numel();
  for (std::int64_t i = 0; i < count; i += 4) {
    std::uint64_t bits = random.next();
    for (std::int64_t j = i; j < std::min(i + 4, count); ++j, bits >>= 16) {
      numbers[j] = static_cast<Number>(low + step * static_cast<float>(bits & 0xffffU));
    }
  }
}

/// The range of a weight's numbers.
std::pair<float, float> range_of(const LlamaTensor& tensor) {
  if (tensor.name.ends_with("bias")) return {-0.5F, 0.5F};
  if (tensor.shape.size() == 1) return {0.5F, 1.5F};
  // Uniform numbers within b have the variance b^2 / 3.
  const float bound = std::sqrt(3.0F / static_cast<float>(tensor.shape[1]));
  return {-bound, bound};
}

at::Tensor random_tensor(const LlamaTensor& tensor, at::ScalarType type, std::uint64_t seed) {
  at::Tensor weight = at::empty(tensor.shape, type);
  const auto [low, high] = range_of(tensor);
  const Random random(seed, tensor.name);
  if (type == at::kFloat) fill<float>(weight, random, low, high);
  if (type == at::kBFloat16) fill<at::BFloat16>(weight, random, low, high);
  if (type == at::kHalf) fill<at::Half>(weight, random, low, high);
  return weight;
}

std::string generation_json() {
  const nlohmann::ordered_json json = {{"bos_token_id", kMadeBeginId},
                                       {"eos_token_id", {kMadeEndId, kMadeTurnEndId}},
                                       {"do_sample", false}};
  return json.dump(2) + '\n';
}

}  // namespace

LlamaConfig tiny_config(LlamaFamily family) {
  LlamaConfig config{.family = family,
                     .vocabulary = kMinVocabulary,
                     .dim = 64,
                     .hidden = 160,
                     .layers = 4,
                     .heads = 8,
                     .kv_heads = 4,
                     .head_dim = 8,
                     .positions = 512,
                     .norm_epsilon = 1e-5,
                     .tied = family == LlamaFamily::qwen2,
                     .query_bias = family == LlamaFamily::qwen2,
                     .head_norms = family == LlamaFamily::qwen3,
                     .windows = std::vector<std::int64_t>(4)};
  if (family == LlamaFamily::qwen3) config.head_dim = 16;
  if (family == LlamaFamily::mistral) config.windows.assign(4, 16);
  return config;
}

LlamaConfig one_billion_config() {
  return {.family = LlamaFamily::llama,
          .vocabulary = 128256,
          .dim = 2048,
          .hidden = 8192,
          .layers = 16,
          .heads = 32,
          .kv_heads = 8,
          .head_dim = 64,
          .positions = 131072,
          .norm_epsilon = 1e-5,
          .rope = {.theta = 500000,
                   .scaling = RopeScaling::llama3,
                   .factor = 32,
                   .trained = 8192,
                   .low_frequency = 1,
                   .high_frequency = 4},
          .tied = true,
          .windows = std::vector<std::int64_t>(16),
          .type = "bfloat16"};
}

void write_random_model(const fs::path& folder, const LlamaConfig& given, std::uint64_t seed) {
  if (given.vocabulary < kMinVocabulary) {
    throw InvalidArgument(concat("a random model needs a vocabulary of at least ", kMinVocabulary,
                                 " tokens, not ", given.vocabulary));
  }
  if (fs::exists(folder / "config.json")) {
    throw InvalidArgument(concat(folder.string(), " has a model already"),
                          "name a new folder, or remove this one");
  }
  LlamaConfig config = given;
  config.begin_id = kMadeBeginId;
  config.end_ids = {kMadeEndId, kMadeTurnEndId};
  make_folder(folder);
  std::map<std::string, at::Tensor> tensors;
  for_each_tensor(config, [&](const LlamaTensor& tensor) {
    tensors.emplace(tensor.name, random_tensor(tensor, type_of(config), seed));
  });
  write_sharded_safetensors(folder, tensors, {{"format", "pt"}}, kShardBytes);
  write_file(folder / "generation_config.json", generation_json());
  write_file(folder / "tokenizer.json", made_tokenizer_json(config.vocabulary));
  write_file(folder / "tokenizer_config.json", made_tokenizer_config_json(config.context()));
  // Last, as it is what tells that the folder holds a model.
  write_file(folder / "config.json", llama_config_json(config));
}

}  // namespace hadal::models
