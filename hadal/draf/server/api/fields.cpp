#include "hadal/draf/server/api/fields.h"

#include "hadal/core/error.h"
#include "hadal/core/strict_json.h"
#include "hadal/core/text.h"
#include "hadal/draf/server/api/error.h"

#include <utility>

namespace hadal::draf::server {
namespace {

using nlohmann::json;

/// A value as an error shows it.
std::string shown(const json& value) {
  if (value.is_string()) return quote(value.get_ref<const std::string&>());
  if (value.is_object()) return "an object";
  if (value.is_array()) return "an array";
  return value.dump();
}

[[noreturn]] void out_of_range(const std::string& param, const std::string& expected,
                               const json& found) {
  throw bad_field(param, concat(param, ": expected ", expected, ", found ", shown(found)));
}

}  // namespace

void wrong_type(const std::string& param, std::string_view expected, const json& found) {
  throw bad_field(param, concat(param, ": expected ", expected, ", found ", shown(found)));
}

json parse_body(std::string_view body) {
  constexpr std::size_t kMaxDepth = 64;
  try {
    json parsed = parse_strict_json(body, "the body", kMaxDepth);
    if (!parsed.is_object()) {
      throw ApiError(concat("the body: expected a JSON object, found ", shown(parsed)), {});
    }
    return parsed;
  } catch (const FormatError& error) {
    throw ApiError(error.what(), {.code = "invalid_json"});
  }
}

Fields::Fields(const json& object, std::string path) : object_(object), path_(std::move(path)) {}

std::string Fields::path_of(std::string_view name) const { return concat(path_, name); }

const json* Fields::find(std::string_view name) const {
  const auto found = object_.find(std::string(name));
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

bool Fields::flag(std::string_view name, bool otherwise) const {
  const json* value = find(name);
  if (!value) return otherwise;
  if (!value->is_boolean()) wrong_type(path_of(name), "true or false", *value);
  return value->get<bool>();
}

std::optional<std::int64_t> Fields::integer(std::string_view name, std::int64_t low,
                                            std::int64_t high) const {
  const json* value = find(name);
  if (!value) return std::nullopt;
  const bool fits = value->is_number_unsigned()
                        ? std::in_range<std::int64_t>(value->get<std::uint64_t>())
                        : value->is_number_integer();
  if (!fits || value->get<std::int64_t>() < low || value->get<std::int64_t>() > high) {
    out_of_range(path_of(name), concat("an integer from ", low, " to ", high), *value);
  }
  return value->get<std::int64_t>();
}

double Fields::number(std::string_view name, double low, double high, double otherwise) const {
  const json* value = find(name);
  if (!value) return otherwise;
  if (!value->is_number()) wrong_type(path_of(name), "a number", *value);
  const double number = value->get<double>();
  if (!(number >= low && number <= high)) {
    out_of_range(path_of(name), concat("a number from ", low, " to ", high), *value);
  }
  return number;
}

std::optional<std::string> Fields::text(std::string_view name) const {
  const json* value = find(name);
  if (!value) return std::nullopt;
  if (!value->is_string()) wrong_type(path_of(name), "a text", *value);
  return value->get<std::string>();
}

std::vector<std::string> Fields::texts(std::string_view name, std::size_t most) const {
  const json* value = find(name);
  if (!value) return {};
  if (value->is_string()) return {value->get<std::string>()};
  if (!value->is_array()) wrong_type(path_of(name), "a text or an array of texts", *value);
  if (value->size() > most) {
    throw bad_field(path_of(name), concat(path_of(name), ": expected at most ", most,
                                          " texts, found ", value->size()));
  }
  std::vector<std::string> texts;
  for (const json& item : *value) {
    if (!item.is_string()) wrong_type(path_of(name), "an array of texts", item);
    texts.push_back(item.get<std::string>());
  }
  return texts;
}

std::optional<Fields> Fields::object(std::string_view name) const {
  const json* value = find(name);
  if (!value) return std::nullopt;
  if (!value->is_object()) wrong_type(path_of(name), "an object", *value);
  return Fields(*value, path_of(name) + '.');
}

void Fields::refuse(std::string_view name, std::string_view why) const {
  if (find(name)) throw bad_field(path_of(name), concat(path_of(name), ": ", why));
}

}  // namespace hadal::draf::server
