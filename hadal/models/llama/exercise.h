#pragma once

#include "hadal/core/error.h"
#include "hadal/models/llama/config.h"
#include "hadal/models/llama/generation.h"
#include "hadal/models/llama/llama2c.h"
#include "hadal/models/llama/rope.h"
#include "hadal/models/llama/tensors.h"
#include "hadal/testing/require.h"

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace hadal::models {

/// Feeds hostile `text` to the readers of config.json and generation_config.json. An Error is an
/// expected outcome; any other exception escapes. What is accepted must be read as it is written.
inline void exercise_config(std::string_view text) {
  try {
    parse_generation_config(text, "input");
  } catch (const FormatError&) {
  }
  LlamaConfig config;
  try {
    config = parse_llama_config(text, "input");
  } catch (const FormatError&) {
    return;
  } catch (const Unsupported&) {
    return;
  }
  hadal::testing::require(parse_llama_config(llama_config_json(config), "written again") == config);
  hadal::testing::require(parameter_count(config) > 0 && config.context() > 0);
  const RopeAngles angles(config.rope, config.head_dim);
  std::vector<float> numbers(static_cast<std::size_t>(config.head_dim));
  angles.at(config.context() - 1, numbers.data(), numbers.data() + config.head_dim / 2);
}

/// Feeds hostile `bytes` to the reader of llama2.c's models, as exercise_config() does.
inline void exercise_llama2c(std::span<const std::byte> bytes) {
  // As a mapped file lies.
  const std::vector<std::byte> aligned(bytes.begin(), bytes.end());
  try {
    for (const auto& [name, tensor] : parse_llama2c(aligned, nullptr, "input").tensors) {
      hadal::testing::require(tensor.sum().defined());
    }
  } catch (const FormatError&) {
  }
}

}  // namespace hadal::models
