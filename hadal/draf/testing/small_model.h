#pragma once

// A model for tests of several ranks.
#include "hadal/models/llama/make_model.h"
#include "hadal/models/llama/tensors.h"
#include "hadal/models/llama/weights.h"

#include <cstdint>
#include <vector>

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/empty.h>

namespace hadal::draf::testing {

/// A model with biases, a sliding window and a vocabulary that does not divide by ranks.
inline models::LlamaWeights small_weights(std::int64_t kv_heads, bool tied) {
  models::LlamaConfig config = models::tiny_config(models::LlamaFamily::qwen2);
  config.vocabulary = 301;
  config.dim = 48;
  config.heads = 4;
  config.kv_heads = kv_heads;
  config.head_dim = 12;
  config.hidden = 96;
  config.tied = tied;
  config.output_bias = config.mlp_bias = true;
  auto generator = at::make_generator<at::CPUGeneratorImpl>(std::uint64_t{7});
  models::LlamaWeights weights{.config = config, .tensors = {}};
  models::for_each_tensor(config, [&](const models::LlamaTensor& tensor) {
    weights.tensors[tensor.name] = at::empty(tensor.shape, at::kFloat).normal_(0, 0.2, generator);
  });
  return weights;
}

inline std::vector<std::int64_t> some_ids(std::int64_t count) {
  std::vector<std::int64_t> ids;
  for (std::int64_t i = 0; i < count; ++i) ids.push_back(i * 37 % 301);
  return ids;
}

}  // namespace hadal::draf::testing
