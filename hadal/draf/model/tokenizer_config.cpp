#include "hadal/draf/model/tokenizer_config.h"

#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/core/strict_json.h"
#include "hadal/core/utf8.h"

#include <nlohmann/json.hpp>

namespace hadal::draf {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxBytes = std::size_t{1} << 24;
constexpr std::size_t kMaxTemplateBytes = std::size_t{1} << 20;
constexpr std::size_t kMaxDepth = 32;

nlohmann::json read_object(const fs::path& path) {
  if (!fs::exists(path)) return nlohmann::json::object();
  auto json = parse_strict_json(read_file(path, kMaxBytes), path.string(), kMaxDepth);
  if (!json.is_object()) throw FormatError(concat(path.string(), ": expected an object"));
  return json;
}

/// A token is given as its text, or as an object with its text and flags.
void read_special_tokens(const nlohmann::json& json, std::map<std::string, std::string>& tokens) {
  for (const auto& item : json.items()) {
    if (!item.key().ends_with("_token")) continue;
    const nlohmann::json& value = item.value();
    if (value.is_string()) {
      tokens.emplace(item.key(), value.get<std::string>());
    } else if (value.is_object() && value.contains("content") && value["content"].is_string()) {
      tokens.emplace(item.key(), value["content"].get<std::string>());
    }
  }
}

std::string named_template(const nlohmann::json& list, const std::string& source) {
  for (const nlohmann::json& entry : list) {
    if (!entry.is_object() || !entry.contains("name") || !entry.contains("template")) continue;
    if (entry["name"] == "default" && entry["template"].is_string()) {
      return entry["template"].get<std::string>();
    }
  }
  throw FormatError(concat(source, ": chat_template: none of the ", list.size(),
                           " templates is called \"default\""));
}

std::string read_template(const nlohmann::json& json, const std::string& source) {
  const auto found = json.find("chat_template");
  if (found == json.end() || found->is_null()) return {};
  if (found->is_string()) return found->get<std::string>();
  if (found->is_array()) return named_template(*found, source);
  throw FormatError(
      concat(source, ": chat_template: expected a text or a list of named templates"));
}

}  // namespace

TokenizerConfig read_tokenizer_config(const fs::path& folder) {
  TokenizerConfig config;
  const fs::path file = folder / "tokenizer_config.json";
  const nlohmann::json json = read_object(file);
  read_special_tokens(json, config.special_tokens);
  read_special_tokens(read_object(folder / "special_tokens_map.json"), config.special_tokens);
  const fs::path jinja = folder / "chat_template.jinja";
  config.chat_template =
      fs::exists(jinja) ? read_file(jinja, kMaxTemplateBytes) : read_template(json, file.string());
  if (config.chat_template.size() > kMaxTemplateBytes || find_invalid_utf8(config.chat_template)) {
    throw FormatError(
        concat(jinja.string(), ": expected UTF-8 of at most ", kMaxTemplateBytes, " bytes"));
  }
  return config;
}

}  // namespace hadal::draf
