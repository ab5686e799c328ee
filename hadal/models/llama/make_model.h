#pragma once

#include "hadal/models/llama/config.h"

#include <cstdint>
#include <filesystem>

namespace hadal::models {

/// A model of `family` that a test can run in milliseconds: 4 layers of width 64.
LlamaConfig tiny_config(LlamaFamily family);

/// The shape of Llama 3.2 1B: 16 layers of width 2048, bf16, 1.2 billion weights.
LlamaConfig one_billion_config();

/// Writes a model with random weights as an ordinary Hugging Face folder, which transformers loads
/// too: config.json, generation_config.json, model.safetensors or shards of 1 GB with their index,
/// tokenizer.json (byte-level BPE), and tokenizer_config.json with a chat template. The same config
/// and seed give the same files. The weights of a layer have variance 1 / inputs, norms lie in
/// [0.5, 1.5] and biases in [-0.5, 0.5]. The tokenizer's begin and end tokens replace those of
/// `config`.
///
/// `config` must be one that parse_llama_config() gives, with at least kMinVocabulary tokens.
/// Throws InvalidArgument for another vocabulary, and where the folder has a model already, and
/// IoError.
void write_random_model(const std::filesystem::path& folder, const LlamaConfig& config,
                        std::uint64_t seed);

/// The fewest tokens that the random models' tokenizer has.
inline constexpr std::int64_t kMinVocabulary = 512;

}  // namespace hadal::models
