#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hadal::models {

/// What a generation_config.json advises; what it leaves out is empty.
struct GenerationConfig {
  std::optional<bool> sample = {};  ///< do_sample
  std::optional<double> temperature = {};
  std::optional<std::int64_t> top_k = {};
  std::optional<double> top_p = {};
  std::optional<double> min_p = {};
  std::optional<double> repetition_penalty = {};
  std::optional<std::int64_t> max_new_tokens = {};
  std::vector<std::int64_t> end_ids = {};
};

/// Reads the text of a generation_config.json; `source` names it in errors. Members that say
/// nothing of the above are let be. Throws FormatError.
GenerationConfig parse_generation_config(std::string_view text, const std::string& source);

/// The same of `folder`/generation_config.json; empty where there is none. Throws IoError too.
GenerationConfig read_generation_config(const std::filesystem::path& folder);

}  // namespace hadal::models
