#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace hadal::draf {

/// What a folder says of its tokenizer beside the tokenizer itself.
struct TokenizerConfig {
  std::string chat_template = {};
  std::map<std::string, std::string> special_tokens = {};
};

/// Reads tokenizer_config.json, special_tokens_map.json and chat_template.jinja, each of which may
/// be absent. Of several named templates the one called "default" is taken; the file
/// chat_template.jinja comes before all. Throws IoError and FormatError.
TokenizerConfig read_tokenizer_config(const std::filesystem::path& folder);

}  // namespace hadal::draf
