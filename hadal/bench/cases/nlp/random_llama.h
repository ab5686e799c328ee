#pragma once

#include "hadal/bench/runner/case.h"
#include "hadal/models/llama/weights.h"

#include <cstdint>

namespace hadal::bench {

/// The configuration of a Llama: of some 55 million parameters for quick runs, else that of Llama
/// 3.2 1B with a smaller vocabulary.
models::LlamaConfig llama_config(Scale scale);

/// Weights in bf16 from a normal distribution of standard deviation 0.02; those of norms are 1.
models::LlamaWeights random_llama(const models::LlamaConfig& config, std::uint64_t seed);

}  // namespace hadal::bench
