#include "hadal/bench/cases/nlp/random_llama.h"

#include "hadal/models/llama/tensors.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>

namespace hadal::bench {

models::LlamaConfig llama_config(Scale scale) {
  const bool full = scale == Scale::full;
  models::LlamaConfig config{.vocabulary = full ? 32'768 : 8'192,
                             .dim = full ? 2'048 : 1'024,
                             .hidden = full ? 8'192 : 2'816,
                             .layers = full ? 16 : 4,
                             .heads = full ? 32 : 16,
                             .kv_heads = full ? 8 : 4,
                             .head_dim = 64,
                             .positions = 32'768,
                             .norm_epsilon = 1e-5,
                             .rope = {.theta = 500'000},
                             .tied = true,
                             .type = "bfloat16"};
  config.windows.assign(static_cast<std::size_t>(config.layers), 0);
  return config;
}

models::LlamaWeights random_llama(const models::LlamaConfig& config, std::uint64_t seed) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  models::LlamaWeights weights{.config = config, .tensors = {}};
  for_each_tensor(config, [&](const models::LlamaTensor& tensor) {
    constexpr double kDeviation = 0.02;
    weights.tensors[tensor.name] = tensor.shape.size() == 1 ? at::ones(tensor.shape, at::kBFloat16)
                                                            : at::empty(tensor.shape, at::kFloat)
                                                                  .normal_(0, kDeviation, generator)
                                                                  .to(at::kBFloat16);
  });
  return weights;
}

}  // namespace hadal::bench
