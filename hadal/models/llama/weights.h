#pragma once

#include "hadal/models/llama/config.h"

#include <filesystem>
#include <map>
#include <string>

#include <ATen/core/Tensor.h>

namespace hadal::models {

/// A model in memory: what its configuration says, and its weights by Hugging Face's names.
struct LlamaWeights {
  LlamaConfig config;
  std::map<std::string, at::Tensor> tensors;
};

/// Reads `folder`, a Hugging Face folder with config.json and model.safetensors, or its shards and
/// their index. All is checked first, from the headers alone, and told in one message; the weights
/// are views of the mapped files. Throws as read_llama_config() and check_checkpoint() do.
LlamaWeights read_llama(const std::filesystem::path& folder);

}  // namespace hadal::models
