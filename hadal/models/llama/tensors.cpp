#include "hadal/models/llama/tensors.h"

#include "hadal/core/error.h"

namespace hadal::models {
namespace {

using Visit = std::function<void(const LlamaTensor&)>;

void linear(const std::string& name, std::int64_t outputs, std::int64_t inputs, bool bias,
            const Visit& visit) {
  visit({.name = name + ".weight", .shape = {outputs, inputs}});
  if (bias) visit({.name = name + ".bias", .shape = {outputs}});
}

void layer_tensors(const LlamaConfig& config, std::int64_t layer, const Visit& visit) {
  const std::int64_t queries = config.heads * config.head_dim;
  const std::int64_t keys = config.kv_heads * config.head_dim;
  const auto name = [&](const char* part) { return layer_tensor(layer, part); };
  visit({.name = name("input_layernorm.weight"), .shape = {config.dim}});
  linear(name("self_attn.q_proj"), queries, config.dim, config.query_bias, visit);
  linear(name("self_attn.k_proj"), keys, config.dim, config.query_bias, visit);
  linear(name("self_attn.v_proj"), keys, config.dim, config.query_bias, visit);
  linear(name("self_attn.o_proj"), config.dim, queries, config.output_bias, visit);
  if (config.head_norms) {
    visit({.name = name("self_attn.q_norm.weight"), .shape = {config.head_dim}});
    visit({.name = name("self_attn.k_norm.weight"), .shape = {config.head_dim}});
  }
  visit({.name = name("post_attention_layernorm.weight"), .shape = {config.dim}});
  linear(name("mlp.gate_proj"), config.hidden, config.dim, config.mlp_bias, visit);
  linear(name("mlp.up_proj"), config.hidden, config.dim, config.mlp_bias, visit);
  linear(name("mlp.down_proj"), config.dim, config.hidden, config.mlp_bias, visit);
}

}  // namespace

std::string layer_tensor(std::int64_t layer, const std::string& part) {
  return concat("model.layers.", layer, ".", part);
}

void for_each_tensor(const LlamaConfig& config, const Visit& visit) {
  visit({.name = kEmbeddingTensor, .shape = {config.vocabulary, config.dim}});
  for (std::int64_t i = 0; i < config.layers; ++i) {
    layer_tensors(config, i, [&](LlamaTensor tensor) {
      tensor.layer = i;
      visit(tensor);
    });
  }
  visit({.name = kNormTensor, .shape = {config.dim}});
  if (!config.tied) visit({.name = kHeadTensor, .shape = {config.vocabulary, config.dim}});
}

std::int64_t parameter_count(const LlamaConfig& config) {
  std::int64_t count = 0;
  for_each_tensor(config, [&](const LlamaTensor& tensor) {
    std::int64_t numbers = 1;
    for (const std::int64_t size : tensor.shape) numbers *= size;
    count += numbers;
  });
  return count;
}

}  // namespace hadal::models
