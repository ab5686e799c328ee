#include "hadal/models/llama/config.h"

#include "hadal/core/error.h"
#include "hadal/models/llama/make_model.h"
#include "hadal/testing/error_of.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace hadal::models {
namespace {

using hadal::testing::error_of;
using nlohmann::json;

json llama() {
  return {{"architectures", {"LlamaForCausalLM"}},
          {"vocab_size", 512},
          {"hidden_size", 64},
          {"intermediate_size", 172},
          {"num_hidden_layers", 3},
          {"num_attention_heads", 8},
          {"max_position_embeddings", 256}};
}

json with(json config, const json& changes) {
  config.update(changes);
  return config;
}

json family(const char* name, const json& changes = json::object()) {
  return with(with(llama(), {{"architectures", {name}}, {"num_key_value_heads", 2}}), changes);
}

LlamaConfig parse(const json& config) { return parse_llama_config(config.dump(), "F"); }

template <class E = FormatError>
std::string refusal(const json& config) {
  return error_of<E>([&] { parse(config); });
}

TEST(LlamaConfig, TakesTheDefaultsOfTransformers) {
  const LlamaConfig config = parse(llama());
  EXPECT_EQ(config.kv_heads, 8);
  EXPECT_EQ(config.head_dim, 8);
  EXPECT_EQ(config.norm_epsilon, 1e-6);
  EXPECT_EQ(config.rope, RopeConfig{});
  EXPECT_EQ(config.context(), 256);
  EXPECT_FALSE(config.tied);
  EXPECT_EQ(config.windows, (std::vector<std::int64_t>{0, 0, 0}));
  EXPECT_EQ(parse(family("Qwen3ForCausalLM")).head_dim, 128);
  EXPECT_TRUE(parse(family("Qwen2ForCausalLM")).query_bias);
  EXPECT_FALSE(parse(family("Qwen2ForCausalLM")).output_bias);
  EXPECT_TRUE(parse(family("Qwen3ForCausalLM")).head_norms);
}

TEST(LlamaConfig, ReadsEitherSpellingOfRotarySettings) {
  const json scaling = {{"rope_type", "llama3"},
                        {"factor", 8},
                        {"low_freq_factor", 1},
                        {"high_freq_factor", 4},
                        {"original_max_position_embeddings", 64}};
  const auto old_spelling =
      parse(with(llama(), {{"rope_theta", 5e5}, {"rope_scaling", scaling}})).rope;
  const auto new_spelling =
      parse(with(llama(), {{"rope_parameters", with(scaling, {{"rope_theta", 5e5}})}})).rope;
  EXPECT_EQ(old_spelling, new_spelling);
  EXPECT_EQ(old_spelling.theta, 5e5);
  EXPECT_EQ(old_spelling.scaling, RopeScaling::llama3);
  EXPECT_EQ(old_spelling.trained, 64);
}

TEST(LlamaConfig, StretchesTheContextAsTheScalingIsFor) {
  const auto context = [](const json& scaling) {
    return parse(with(llama(), {{"rope_scaling", scaling}})).context();
  };
  EXPECT_EQ(context({{"type", "linear"}, {"factor", 2}}), 512);
  EXPECT_EQ(context({{"type", "dynamic"}, {"factor", 4}}), 1024);
  EXPECT_EQ(context({{"type", "yarn"}, {"factor", 4}, {"original_max_position_embeddings", 64}}),
            256);
  EXPECT_EQ(context({{"type", "yarn"}, {"factor", 4}}), 1024);
}

TEST(LlamaConfig, GivesEachLayerItsWindow) {
  using Windows = std::vector<std::int64_t>;
  EXPECT_EQ(parse(family("MistralForCausalLM")).windows, (Windows{4096, 4096, 4096}));
  EXPECT_EQ(parse(family("MistralForCausalLM", {{"sliding_window", nullptr}})).windows,
            (Windows{0, 0, 0}));
  const json on = {{"use_sliding_window", true}, {"sliding_window", 16}, {"max_window_layers", 1}};
  EXPECT_EQ(parse(family("Qwen2ForCausalLM", on)).windows, (Windows{0, 16, 16}));
  EXPECT_EQ(parse(family("Qwen2ForCausalLM", with(on, {{"use_sliding_window", false}}))).windows,
            (Windows{0, 0, 0}));
  const json types = {{"layer_types", {"sliding_attention", "full_attention", "full_attention"}}};
  EXPECT_EQ(parse(family("Qwen3ForCausalLM", with(on, types))).windows, (Windows{16, 0, 0}));
}

TEST(LlamaConfig, ReadsOneEndOrSeveral) {
  EXPECT_EQ(parse(with(llama(), {{"eos_token_id", 2}})).end_ids, (std::vector<std::int64_t>{2}));
  EXPECT_EQ(parse(with(llama(), {{"eos_token_id", {2, 7}}})).end_ids,
            (std::vector<std::int64_t>{2, 7}));
  EXPECT_EQ(refusal(with(llama(), {{"eos_token_id", 512}})),
            "F: eos_token_id: expected ids below vocab_size, 512, found 512");
}

TEST(LlamaConfig, ReadsWhatItWrites) {
  for (const LlamaFamily name : choices_of(static_cast<const LlamaFamily*>(nullptr))) {
    LlamaConfig config = tiny_config(name);
    config.end_ids = {1, 2};
    config.begin_id = 3;
    EXPECT_EQ(parse_llama_config(llama_config_json(config), "F"), config) << name_of(name);
  }
  EXPECT_EQ(parse_llama_config(llama_config_json(one_billion_config()), "F"), one_billion_config());
}

TEST(LlamaConfig, RefusesWhatIsNotSupported) {
  EXPECT_EQ(refusal<Unsupported>(family("GemmaForCausalLM")),
            "F: architectures: the model is \"GemmaForCausalLM\"");
  EXPECT_EQ(refusal<Unsupported>(with(llama(), {{"quantization_config", {{"bits", 4}}}})),
            "F: quantization_config: weights that are quantized already are not supported");
  EXPECT_EQ(refusal<Unsupported>(with(llama(), {{"hidden_act", "gelu"}})),
            "F: hidden_act: the activation \"gelu\" is not supported; these models have silu");
  EXPECT_EQ(refusal<Unsupported>(
                with(llama(), {{"rope_scaling", {{"type", "longrope"}, {"factor", 2}}}})),
            "F: rope_scaling.type: the scaling \"longrope\" is not supported; known are default, "
            "linear, dynamic, llama3, yarn");
  EXPECT_EQ(refusal<Unsupported>(with(llama(), {{"partial_rotary_factor", 0.5}})),
            "F: partial_rotary_factor: heads that are turned in part only are not supported");
}

TEST(LlamaConfig, NamesTheMemberAtFault) {
  json without = llama();
  without.erase("hidden_size");
  EXPECT_EQ(refusal(without), "F: hidden_size: expected this member, found none");
  EXPECT_EQ(refusal(with(llama(), {{"num_hidden_layers", 0}})),
            "F: num_hidden_layers: expected an integer from 1 to 4096, found 0");
  EXPECT_EQ(refusal(with(llama(), {{"num_key_value_heads", 3}})),
            "F: num_key_value_heads: expected a divisor of the 8 heads, found 3");
  EXPECT_EQ(refusal(with(llama(), {{"head_dim", 7}})),
            "F: head_dim: expected an even number up to 1024, found 7");
  EXPECT_EQ(refusal(with(llama(), {{"num_attention_heads", 6}, {"num_key_value_heads", 6}})),
            "F: hidden_size: expected a multiple of the 6 heads, found 64");
  EXPECT_EQ(refusal(with(llama(), {{"rms_norm_eps", "small"}})),
            "F: rms_norm_eps: expected a number, found \"small\"");
  EXPECT_EQ(refusal(json::array()), "F: the file: expected an object, found an array");
}

}  // namespace
}  // namespace hadal::models
