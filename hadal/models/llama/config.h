#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hadal::models {

/// The families of decoders that share Llama's blocks, by what Hugging Face calls their class.
enum class LlamaFamily {
  llama,    ///< LlamaForCausalLM
  mistral,  ///< MistralForCausalLM: every layer has a sliding window, or none
  qwen2,    ///< Qwen2ForCausalLM: biases on query, key and value
  qwen3,    ///< Qwen3ForCausalLM: RMSNorm on the heads of query and key
};
std::string_view name_of(LlamaFamily family);
constexpr auto choices_of(const LlamaFamily*) {
  return std::array{LlamaFamily::llama, LlamaFamily::mistral, LlamaFamily::qwen2,
                    LlamaFamily::qwen3};
}

/// How rotary frequencies are changed for more positions than a model was trained on.
enum class RopeScaling {
  none,
  linear,   ///< positions are divided by the factor
  dynamic,  ///< NTK: the base grows with the positions beyond the trained ones
  llama3,   ///< long waves are stretched, short ones kept, those between blended
  yarn,     ///< the same by dimension (Peng et al., 2023), and attention is made sharper
};
std::string_view name_of(RopeScaling scaling);
constexpr auto choices_of(const RopeScaling*) {
  return std::array{RopeScaling::none, RopeScaling::linear, RopeScaling::dynamic,
                    RopeScaling::llama3, RopeScaling::yarn};
}

/// Rotary positions, in the half-split layout.
struct RopeConfig {
  double theta = 10000;
  RopeScaling scaling = RopeScaling::none;
  double factor = 1;            ///< all scalings
  std::int64_t trained = 0;     ///< positions of training: dynamic, llama3 and yarn
  double low_frequency = 1;     ///< llama3: waves longer than trained / this are stretched
  double high_frequency = 4;    ///< llama3: those shorter than trained / this are kept
  double fast = 32;             ///< yarn: dimensions that turn more often are kept
  double slow = 1;              ///< yarn: those that turn less often are stretched
  bool truncate = true;         ///< yarn: the limits between them are whole dimensions
  double attention_factor = 1;  ///< of cosine and sine
  bool operator==(const RopeConfig&) const = default;
};

/// A model as its config.json describes it.
struct LlamaConfig {
  LlamaFamily family = LlamaFamily::llama;
  std::int64_t vocabulary = 0;
  std::int64_t dim = 0;     ///< width of the residual stream
  std::int64_t hidden = 0;  ///< width of the feed-forward layers
  std::int64_t layers = 0;
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;   ///< divides heads
  std::int64_t head_dim = 0;   ///< even
  std::int64_t positions = 0;  ///< max_position_embeddings
  double norm_epsilon = 1e-6;
  RopeConfig rope = {};
  bool tied = false;         ///< the head shares the token embedding
  bool query_bias = false;   ///< of query, key and value
  bool output_bias = false;  ///< of attention's output
  bool mlp_bias = false;
  bool head_norms = false;  ///< RMSNorm of each head of query and key
  /// One a layer: how many tokens a query sees, itself included; 0 where it sees all before it.
  std::vector<std::int64_t> windows = {};
  std::string type = "float32";  ///< of the file's weights, as PyTorch calls it
  std::optional<std::int64_t> begin_id = {};
  std::vector<std::int64_t> end_ids = {};
  bool operator==(const LlamaConfig&) const = default;

  /// The most tokens in a sequence: max_position_embeddings, or as many as the scaling is for.
  std::int64_t context() const;
};

/// Reads the text of a config.json, in the spelling of transformers 4 (rope_theta, rope_scaling,
/// torch_dtype) or 5 (rope_parameters, dtype). Members that change nothing in these models are let
/// be. `source` names the text in errors. Throws FormatError where it is malformed or contradicts
/// itself, and Unsupported, listing what is known, for another architecture or scaling, quantized
/// weights, and activations other than SiLU.
LlamaConfig parse_llama_config(std::string_view text, const std::string& source);

/// The same of `folder`/config.json. Throws IoError too.
LlamaConfig read_llama_config(const std::filesystem::path& folder);

/// The text of a config.json that parse_llama_config() and transformers, 4 or 5, read.
std::string llama_config_json(const LlamaConfig& config);

}  // namespace hadal::models
