#include "hadal/bench/report/fields.h"
#include "hadal/bench/report/json.h"
#include "hadal/bench/report/validate.h"

#include <cmath>

#include <nlohmann/json.hpp>

namespace hadal::bench {
namespace {

using Json = nlohmann::ordered_json;

template <class Value>
Json write(const Value& value) {
  return value;
}

template <class Enum>
  requires std::is_enum_v<Enum>
Json write(const Enum& value) {
  return name_of(value);
}

template <Described Class>
Json write(const Class& object);

template <class Value>
Json write(const std::optional<Value>& value) {
  return value ? write(*value) : Json(nullptr);
}

template <class Item>
Json write(const std::vector<Item>& items) {
  Json json = Json::array();
  for (const Item& item : items) json.push_back(write(item));
  return json;
}

bool is_null(const std::string& value, Null null) {
  return null == Null::if_empty && value.empty();
}
bool is_null(double value, Null null) {
  return null == Null::if_not_finite && !std::isfinite(value);
}
template <class Value>
bool is_null(const Value&, Null) {
  return false;
}

template <Described Class>
void write_fields(const Class& object, Json& json) {
  for_each_field<Class>([&](const auto& field) {
    const auto& value = object.*field.member;
    json[field.name] = is_null(value, field.null) ? Json(nullptr) : write(value);
  });
}

template <Described Class>
Json write(const Class& object) {
  Json json = Json::object();
  write_fields(object, json);
  return json;
}

}  // namespace

std::string to_json(const Report& report) {
  validate(report);
  Json json = {{"schema", "hadal-bench-report"}, {"schema_version", 1}};
  write_fields(report, json);
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace hadal::bench
