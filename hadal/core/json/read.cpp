#include "hadal/core/json/read.h"

#include "hadal/core/columns.h"
#include "hadal/core/strict_json.h"
#include "hadal/core/text.h"

namespace hadal {

using Json = nlohmann::json;
using json_detail::refuse;
using json_detail::shown;

namespace json_detail {

void refuse(const std::string& path, std::string_view expected, std::string_view found) {
  throw FormatError(concat(path, ": expected ", expected, ", found ", found));
}

std::string shown(const Json& json) {
  constexpr std::size_t kColumns = 60;
  if (json.is_object()) return "an object";
  if (json.is_array()) return "an array";
  const std::string text = printable(json.dump(-1, ' ', false, Json::error_handler_t::replace));
  return columns_of(text) > kColumns ? fit(text, kColumns) : text;
}

std::string member(const std::string& path, std::string_view name) {
  return path.empty() ? std::string(name) : concat(path, ".", name);
}

}  // namespace json_detail

Json parse_document(std::string_view text, const std::string& place, const JsonSchema& schema,
                    std::size_t max_depth) {
  Json json = parse_strict_json(text, place, max_depth);
  if (!json.is_object()) refuse(concat(place, ": ", schema.document), "an object", shown(json));
  const auto name = json.find("schema");
  if (name == json.end() || *name != schema.name) {
    refuse(concat(place, ": schema"), concat("\"", schema.name, "\""),
           name == json.end() ? "none" : shown(*name));
  }
  const auto version = json.find("schema_version");
  if (version == json.end() || *version != schema.version) {
    throw FormatError(concat(place, ": schema_version: expected ", schema.version,
                             ", the version that this build reads, found ",
                             version == json.end() ? "none" : shown(*version)),
                      std::string(schema.hint));
  }
  return json;
}

void read_json(const Json& json, const std::string& path, bool& value) {
  if (!json.is_boolean()) refuse(path, "true or false", shown(json));
  value = json.get<bool>();
}

void read_json(const Json& json, const std::string& path, std::string& value) {
  if (!json.is_string()) refuse(path, "a text", shown(json));
  value = json.get<std::string>();
}

void read_json(const Json& json, const std::string& path, double& value) {
  if (!json.is_number()) refuse(path, "a number", shown(json));
  value = json.get<double>();
}

}  // namespace hadal
