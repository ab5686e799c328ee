#include "hadal/models/llama/config.h"

#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/core/strict_json.h"
#include "hadal/core/text.h"
#include "hadal/models/llama/members.h"
#include "hadal/models/llama/rope_config.h"

#include <algorithm>

namespace hadal::models {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{1} << 20;
constexpr std::size_t kMaxDepth = 32;
// Far above published models, and far below where a product of sizes overflows.
constexpr std::int64_t kMostWidth = std::int64_t{1} << 20;
constexpr std::int64_t kMostLayers = 4096;
constexpr std::int64_t kMostHeads = 4096;
constexpr std::int64_t kMostHeadDim = 1024;
constexpr std::int64_t kMostTokens = (std::int64_t{1} << 31) - 1;

struct KnownFamily {
  std::string_view architecture;
  LlamaFamily family;
};
constexpr KnownFamily kFamilies[] = {{"LlamaForCausalLM", LlamaFamily::llama},
                                     {"MistralForCausalLM", LlamaFamily::mistral},
                                     {"Qwen2ForCausalLM", LlamaFamily::qwen2},
                                     {"Qwen3ForCausalLM", LlamaFamily::qwen3}};

LlamaFamily read_family(const Members& file) {
  const auto names = file.get<std::vector<std::string>>("architectures");
  std::vector<std::string> known;
  for (const auto& [architecture, family] : kFamilies) {
    if (names.size() == 1 && names[0] == architecture) return family;
    known.emplace_back(architecture);
  }
  std::vector<std::string> found;
  for (std::size_t i = 0; i < std::min<std::size_t>(names.size(), 4); ++i) {
    found.push_back(quote(names[i]));
  }
  throw Unsupported(concat("architectures: the model is ", found.empty() ? "of none" : join(found)),
                    concat("supported are ", join(known)));
}

std::string_view architecture_of(LlamaFamily family) {
  return kFamilies[static_cast<std::size_t>(family)].architecture;
}

void read_sizes(const Members& file, LlamaConfig& config) {
  config.vocabulary = file.integer("vocab_size", 1, kMostTokens);
  config.dim = file.integer("hidden_size", 1, kMostWidth);
  config.hidden = file.integer("intermediate_size", 1, kMostWidth);
  config.layers = file.integer("num_hidden_layers", 1, kMostLayers);
  config.heads = file.integer("num_attention_heads", 1, kMostHeads);
  config.positions = file.integer("max_position_embeddings", 1, kMostTokens);
  // What transformers takes where a file says nothing.
  const bool is_qwen = config.family == LlamaFamily::qwen2 || config.family == LlamaFamily::qwen3;
  const char* kv_heads = "num_key_value_heads";
  config.kv_heads = config.heads;
  if (file.has(kv_heads)) {
    config.kv_heads = file.integer(kv_heads, 1, kMostHeads);
  } else if (!file.contains(kv_heads) && config.family != LlamaFamily::llama) {
    config.kv_heads = is_qwen ? 32 : 8;
  }
  if (config.heads % config.kv_heads != 0) {
    json_detail::refuse(file.path(kv_heads), concat("a divisor of the ", config.heads, " heads"),
                        concat(config.kv_heads));
  }
}

void read_head_dim(const Members& file, LlamaConfig& config) {
  // Qwen 2 has no such setting.
  if (file.has("head_dim") && config.family != LlamaFamily::qwen2) {
    config.head_dim = file.integer("head_dim", 2, kMostHeadDim);
  } else if (config.family == LlamaFamily::qwen3) {
    config.head_dim = 128;
  } else {
    if (config.dim % config.heads != 0) {
      json_detail::refuse("hidden_size", concat("a multiple of the ", config.heads, " heads"),
                          concat(config.dim));
    }
    config.head_dim = config.dim / config.heads;
  }
  if (config.head_dim % 2 != 0 || config.head_dim > kMostHeadDim) {
    json_detail::refuse("head_dim", concat("an even number up to ", kMostHeadDim),
                        concat(config.head_dim));
  }
}

void read_biases(const Members& file, LlamaConfig& config) {
  const bool takes_setting =
      config.family == LlamaFamily::llama || config.family == LlamaFamily::qwen3;
  const bool setting = takes_setting && file.get_or("attention_bias", false);
  config.query_bias = setting || config.family == LlamaFamily::qwen2;
  config.output_bias = setting;
  config.mlp_bias = config.family == LlamaFamily::llama && file.get_or("mlp_bias", false);
  config.head_norms = config.family == LlamaFamily::qwen3;
}

/// The window of each layer where the file lists the layers' types.
std::vector<std::int64_t> listed_windows(const Members& file, const LlamaConfig& config,
                                         std::int64_t window) {
  const auto types = file.get<std::vector<std::string>>("layer_types");
  if (types.size() != static_cast<std::size_t>(config.layers)) {
    json_detail::refuse("layer_types", concat(config.layers, " types, one a layer"),
                        concat(types.size()));
  }
  std::vector<std::int64_t> windows;
  for (const std::string& type : types) {
    if (type != "full_attention" && type != "sliding_attention") {
      throw Unsupported(concat("layer_types: the attention ", quote(type), " is not supported"));
    }
    if (type == "sliding_attention" && window == 0) {
      json_detail::refuse("layer_types", "no sliding attention, as there is no sliding_window",
                          quote(type));
    }
    windows.push_back(type == "sliding_attention" ? window : 0);
  }
  return windows;
}

std::vector<std::int64_t> read_windows(const Members& file, const LlamaConfig& config) {
  constexpr std::int64_t kDefault = 4096;
  const auto layers = static_cast<std::size_t>(config.layers);
  std::vector<std::int64_t> windows(layers);
  if (config.family == LlamaFamily::llama) return windows;
  const bool is_qwen = config.family != LlamaFamily::mistral;
  std::int64_t window = 0;
  if (!is_qwen || file.get_or("use_sliding_window", false)) {
    const char* name = "sliding_window";
    window =
        file.has(name) ? file.integer(name, 1, kMostTokens) : (file.contains(name) ? 0 : kDefault);
  }
  if (!is_qwen) return std::vector<std::int64_t>(layers, window);
  if (file.has("layer_types")) return listed_windows(file, config, window);
  const char* first = "max_window_layers";
  const std::int64_t full = file.has(first) ? file.integer(first, 0, kMostTokens) : 28;
  for (std::int64_t i = full; i < config.layers; ++i) {
    windows[static_cast<std::size_t>(i)] = window;
  }
  return windows;
}

std::string read_type(const Members& file) {
  auto name = file.get_or<std::string>(file.has("dtype") ? "dtype" : "torch_dtype", "float32");
  if (name.starts_with("torch.")) name = name.substr(6);
  if (name != "float32" && name != "bfloat16" && name != "float16") {
    throw Unsupported(concat("torch_dtype: weights of ", quote(name), " are not supported"),
                      "supported are float32, bfloat16 and float16");
  }
  return name;
}

void refuse_what_changes_results(const Members& file) {
  if (file.has("quantization_config")) {
    throw Unsupported("quantization_config: weights that are quantized already are not supported",
                      "take the model's original weights and choose a weight format at loading");
  }
  const auto activation = file.get_or<std::string>("hidden_act", "silu");
  if (activation != "silu" && activation != "swish") {
    throw Unsupported(concat("hidden_act: the activation ", quote(activation),
                             " is not supported; these models have silu"));
  }
}

void check_ids(const LlamaConfig& config) {
  const auto check = [&](const char* name, std::int64_t id) {
    if (id >= config.vocabulary) {
      json_detail::refuse(name, concat("ids below vocab_size, ", config.vocabulary), concat(id));
    }
  };
  if (config.begin_id) check("bos_token_id", *config.begin_id);
  for (const std::int64_t id : config.end_ids) check("eos_token_id", id);
}

LlamaConfig read_config(const Members& file) {
  LlamaConfig config;
  config.family = read_family(file);
  refuse_what_changes_results(file);
  read_sizes(file, config);
  read_head_dim(file, config);
  read_biases(file, config);
  config.norm_epsilon = file.number_or("rms_norm_eps", config.norm_epsilon, 0, 1);
  config.rope = read_rope_config(file, config.positions);
  if (config.context() > kMostTokens) {
    json_detail::refuse("rope_scaling", concat("a context up to ", kMostTokens),
                        concat(config.context()));
  }
  config.tied = file.get_or("tie_word_embeddings", false);
  config.windows = read_windows(file, config);
  config.type = read_type(file);
  if (const auto ids = file.ids("bos_token_id"); !ids.empty()) config.begin_id = ids.front();
  config.end_ids = file.ids("eos_token_id");
  check_ids(config);
  return config;
}

nlohmann::ordered_json rope_json(const RopeConfig& rope) {
  nlohmann::ordered_json json = {{"rope_type", name_of(rope.scaling)}, {"factor", rope.factor}};
  if (rope.scaling == RopeScaling::llama3 || rope.scaling == RopeScaling::yarn) {
    json["original_max_position_embeddings"] = rope.trained;
  }
  if (rope.scaling == RopeScaling::llama3) {
    json["low_freq_factor"] = rope.low_frequency;
    json["high_freq_factor"] = rope.high_frequency;
  }
  if (rope.scaling == RopeScaling::yarn) {
    json["beta_fast"] = rope.fast;
    json["beta_slow"] = rope.slow;
    json["truncate"] = rope.truncate;
    json["attention_factor"] = rope.attention_factor;
  }
  return json;
}

void write_windows(const LlamaConfig& config, nlohmann::ordered_json& json) {
  const auto window = std::ranges::max(config.windows);
  if (config.family == LlamaFamily::mistral) {
    json["sliding_window"] = nlohmann::ordered_json(nullptr);
    if (window > 0) json["sliding_window"] = window;
  } else if (config.family != LlamaFamily::llama && window > 0) {
    json["use_sliding_window"] = true;
    json["sliding_window"] = window;
    json["max_window_layers"] = 0;
    for (const std::int64_t one : config.windows) {
      json["layer_types"].push_back(one > 0 ? "sliding_attention" : "full_attention");
    }
  }
}

}  // namespace

LlamaConfig parse_llama_config(std::string_view text, const std::string& source) {
  const nlohmann::json json = parse_strict_json(text, source, kMaxDepth);
  try {
    return read_config(Members(json));
  } catch (const Unsupported& error) {
    throw Unsupported(concat(source, ": ", error.what()), error.hint());
  } catch (const FormatError& error) {
    throw FormatError(concat(source, ": ", error.what()), error.hint());
  }
}

LlamaConfig read_llama_config(const std::filesystem::path& folder) {
  const auto file = folder / "config.json";
  return parse_llama_config(read_file(file, kMaxBytes), file.string());
}

std::string llama_config_json(const LlamaConfig& config) {
  nlohmann::ordered_json json = {{"architectures", {architecture_of(config.family)}},
                                 {"model_type", name_of(config.family)},
                                 {"vocab_size", config.vocabulary},
                                 {"hidden_size", config.dim},
                                 {"intermediate_size", config.hidden},
                                 {"num_hidden_layers", config.layers},
                                 {"num_attention_heads", config.heads},
                                 {"num_key_value_heads", config.kv_heads},
                                 {"head_dim", config.head_dim},
                                 {"max_position_embeddings", config.positions},
                                 {"rms_norm_eps", config.norm_epsilon},
                                 {"rope_theta", config.rope.theta},
                                 {"hidden_act", "silu"},
                                 {"tie_word_embeddings", config.tied},
                                 {"torch_dtype", config.type}};
  if (config.rope.scaling != RopeScaling::none) json["rope_scaling"] = rope_json(config.rope);
  if (config.family == LlamaFamily::llama || config.family == LlamaFamily::qwen3) {
    json["attention_bias"] = config.output_bias;
  }
  if (config.family == LlamaFamily::llama) json["mlp_bias"] = config.mlp_bias;
  write_windows(config, json);
  if (config.begin_id) json["bos_token_id"] = *config.begin_id;
  if (config.end_ids.size() == 1) json["eos_token_id"] = config.end_ids.front();
  if (config.end_ids.size() > 1) json["eos_token_id"] = config.end_ids;
  return json.dump(2) + '\n';
}

}  // namespace hadal::models
