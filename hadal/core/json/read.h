#pragma once

#include "hadal/core/error.h"
#include "hadal/core/json/fields.h"

#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace hadal {

/// Parses hostile `text`, nested at most `max_depth` levels, and checks its schema. `place` says in
/// errors where the text is from. Throws FormatError.
nlohmann::json parse_document(std::string_view text, const std::string& place,
                              const JsonSchema& schema, std::size_t max_depth);

namespace json_detail {

/// "cases[0].id: expected a text, found 7".
[[noreturn]] void refuse(const std::string& path, std::string_view expected,
                         std::string_view found);
/// A value as an error shows it: its beginning, or its type where it is a whole tree.
std::string shown(const nlohmann::json& json);
/// The path of member `name` of what is at `path`.
std::string member(const std::string& path, std::string_view name);

}  // namespace json_detail

// read_json(json, path, value) reads `value` from `json`, which is at `path` of its document.
// Throws FormatError that names the path, what was expected and what was found.

void read_json(const nlohmann::json& json, const std::string& path, bool& value);
void read_json(const nlohmann::json& json, const std::string& path, std::string& value);
void read_json(const nlohmann::json& json, const std::string& path, double& value);

template <std::integral Integer>
void read_json(const nlohmann::json& json, const std::string& path, Integer& value) {
  using Limits = std::numeric_limits<Integer>;
  const bool fits =
      json.is_number_unsigned()
          ? std::in_range<Integer>(json.get<std::uint64_t>())
          : json.is_number_integer() && std::in_range<Integer>(json.get<std::int64_t>());
  if (!fits) {
    json_detail::refuse(path, concat("an integer from ", Limits::min(), " to ", Limits::max()),
                        json_detail::shown(json));
  }
  value = json.get<Integer>();
}

template <class Enum>
  requires std::is_enum_v<Enum>
void read_json(const nlohmann::json& json, const std::string& path, Enum& value) {
  std::string choices;
  for (const Enum choice : choices_of(static_cast<const Enum*>(nullptr))) {
    if (json.is_string() && json.get_ref<const std::string&>() == name_of(choice)) {
      value = choice;
      return;
    }
    choices += concat(choices.empty() ? "one of \"" : ", \"", name_of(choice), "\"");
  }
  json_detail::refuse(path, choices, json_detail::shown(json));
}

template <Described Class>
void read_json(const nlohmann::json& json, const std::string& path, Class& object);

template <class Value>
void read_json(const nlohmann::json& json, const std::string& path, std::optional<Value>& value) {
  if (json.is_null()) {
    value.reset();
  } else {
    read_json(json, path, value.emplace());
  }
}

template <class Item>
void read_json(const nlohmann::json& json, const std::string& path, std::vector<Item>& items) {
  if (!json.is_array()) json_detail::refuse(path, "an array", json_detail::shown(json));
  // One by one, so that a long array of nothings is refused at its first item and never takes the
  // memory of as many structs.
  items.clear();
  for (std::size_t i = 0; i < json.size(); ++i) {
    Item item{};
    read_json(json[i], concat(path, "[", i, "]"), item);
    items.push_back(std::move(item));
  }
}

template <class Value, class Less>
void read_json(const nlohmann::json& json, const std::string& path,
               std::map<std::string, Value, Less>& values) {
  if (!json.is_object()) json_detail::refuse(path, "an object", json_detail::shown(json));
  values.clear();
  for (const auto& item : json.items()) {
    Value value{};
    read_json(item.value(), json_detail::member(path, json_detail::shown(item.key())), value);
    values.emplace(item.key(), std::move(value));
  }
}

/// Reads the fields of `object`. Members that the caller has read already are `known`.
template <Described Class>
void read_fields(const nlohmann::json& json, const std::string& path, Class& object,
                 std::set<std::string_view> known = {}) {
  if (!json.is_object()) json_detail::refuse(path, "an object", json_detail::shown(json));
  for_each_field<Class>([&](const auto& field) {
    known.insert(field.name);
    const std::string field_path = json_detail::member(path, field.name);
    const auto found = json.find(field.name);
    auto& value = object.*field.member;
    if (found == json.end()) {
      if (field.null != Null::if_absent) json_detail::refuse(field_path, "this member", "none");
      value = null_value(value);
    } else if (field.null == Null::never || !found->is_null()) {
      read_json(*found, field_path, value);
    } else {
      value = null_value(value);
    }
  });
  for (const auto& item : json.items()) {
    if (!known.contains(item.key())) {
      json_detail::refuse(json_detail::member(path, json_detail::shown(item.key())),
                          "no such member", json_detail::shown(item.value()));
    }
  }
}

template <Described Class>
void read_json(const nlohmann::json& json, const std::string& path, Class& object) {
  read_fields(json, path, object);
}

/// Reads all of `object` from a document of `schema`, whose errors begin with `place`.
template <Described Class>
void read_document(std::string_view text, const std::string& place, const JsonSchema& schema,
                   std::size_t max_depth, Class& object) {
  const nlohmann::json json = parse_document(text, place, schema, max_depth);
  try {
    read_fields(json, "", object, {"schema", "schema_version"});
  } catch (const Error& error) {
    throw FormatError(concat(place, ": ", error.what()), error.hint());
  }
}

}  // namespace hadal
