#pragma once

#include "hadal/models/llama/config.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace hadal::models {

/// A weight by Hugging Face's name for it.
struct LlamaTensor {
  std::string name;
  std::vector<std::int64_t> shape;
  std::int64_t layer = -1;  ///< whose it is; -1 where it is no layer's
};

/// Calls `visit(tensor)` for each weight that a model of `config` has, a layer at a time.
void for_each_tensor(const LlamaConfig& config,
                     const std::function<void(const LlamaTensor&)>& visit);

/// Number of all weights.
std::int64_t parameter_count(const LlamaConfig& config);

/// The name of a weight of layer `layer`: "model.layers.3.self_attn.q_proj.weight".
std::string layer_tensor(std::int64_t layer, const std::string& part);

inline constexpr const char* kEmbeddingTensor = "model.embed_tokens.weight";
inline constexpr const char* kNormTensor = "model.norm.weight";
inline constexpr const char* kHeadTensor = "lm_head.weight";

}  // namespace hadal::models
