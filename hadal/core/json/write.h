#pragma once

#include "hadal/core/json/fields.h"

#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include <nlohmann/json.hpp>

namespace hadal {

// write_json(value) is what read_json() reads back. Numbers keep all their digits.

template <class Value>
nlohmann::ordered_json write_json(const Value& value) {
  return value;
}

template <class Enum>
  requires std::is_enum_v<Enum>
nlohmann::ordered_json write_json(const Enum& value) {
  return name_of(value);
}

template <Described Class>
nlohmann::ordered_json write_json(const Class& object);

template <class Value>
nlohmann::ordered_json write_json(const std::optional<Value>& value) {
  return value ? write_json(*value) : nlohmann::ordered_json(nullptr);
}

template <class Item>
nlohmann::ordered_json write_json(const std::vector<Item>& items) {
  auto json = nlohmann::ordered_json::array();
  for (const Item& item : items) json.push_back(write_json(item));
  return json;
}

template <class Value, class Less>
nlohmann::ordered_json write_json(const std::map<std::string, Value, Less>& values) {
  auto json = nlohmann::ordered_json::object();
  for (const auto& [key, value] : values) json[key] = write_json(value);
  return json;
}

template <Described Class>
void write_fields(const Class& object, nlohmann::ordered_json& json) {
  for_each_field<Class>([&](const auto& field) {
    const auto& value = object.*field.member;
    if (is_absent(value, field.null)) return;
    json[field.name] =
        is_null(value, field.null) ? nlohmann::ordered_json(nullptr) : write_json(value);
  });
}

template <Described Class>
nlohmann::ordered_json write_json(const Class& object) {
  auto json = nlohmann::ordered_json::object();
  write_fields(object, json);
  return json;
}

/// The document that read_document() reads: members in a fixed order, indented by 2 spaces, a
/// newline at the end. Bytes that are not UTF-8 become U+FFFD.
template <Described Class>
std::string write_document(const JsonSchema& schema, const Class& object) {
  nlohmann::ordered_json json = {{"schema", schema.name}, {"schema_version", schema.version}};
  write_fields(object, json);
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n';
}

}  // namespace hadal
