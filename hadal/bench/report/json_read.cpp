#include "hadal/bench/report/fields.h"
#include "hadal/bench/report/format.h"
#include "hadal/bench/report/json.h"
#include "hadal/bench/report/validate.h"
#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/core/strict_json.h"
#include "hadal/core/text.h"

#include <cmath>
#include <limits>
#include <set>

namespace hadal::bench {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxBytes = std::size_t{64} << 20;
// A report nests seven deep: cases, a case, speed, a timing, its samples, a sample.
constexpr std::size_t kMaxDepth = 8;

[[noreturn]] void refuse(const std::string& path, std::string_view expected,
                         std::string_view found) {
  throw FormatError(
      concat(path.empty() ? "the report" : path, ": expected ", expected, ", found ", found));
}

/// A value as an error shows it: its beginning, or its type where it is a whole tree.
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

void read(const Json& json, const std::string& path, bool& value) {
  if (!json.is_boolean()) refuse(path, "true or false", shown(json));
  value = json.get<bool>();
}

void read(const Json& json, const std::string& path, std::string& value) {
  if (!json.is_string()) refuse(path, "a text", shown(json));
  value = json.get<std::string>();
}

void read(const Json& json, const std::string& path, double& value) {
  if (!json.is_number()) refuse(path, "a number", shown(json));
  value = json.get<double>();
}

template <std::integral Integer>
void read(const Json& json, const std::string& path, Integer& value) {
  using Limits = std::numeric_limits<Integer>;
  const bool fits =
      json.is_number_unsigned()
          ? std::in_range<Integer>(json.get<std::uint64_t>())
          : json.is_number_integer() && std::in_range<Integer>(json.get<std::int64_t>());
  if (!fits) {
    refuse(path, concat("an integer from ", Limits::min(), " to ", Limits::max()), shown(json));
  }
  value = json.get<Integer>();
}

template <class Enum>
  requires std::is_enum_v<Enum>
void read(const Json& json, const std::string& path, Enum& value) {
  std::string choices;
  for (const Enum choice : kChoices<Enum>) {
    if (json.is_string() && json.get_ref<const std::string&>() == name_of(choice)) {
      value = choice;
      return;
    }
    choices += concat(choices.empty() ? "one of \"" : ", \"", name_of(choice), "\"");
  }
  refuse(path, choices, shown(json));
}

template <Described Class>
void read(const Json& json, const std::string& path, Class& object);

template <class Value>
void read(const Json& json, const std::string& path, std::optional<Value>& value) {
  if (json.is_null()) {
    value.reset();
  } else {
    read(json, path, value.emplace());
  }
}

template <class Item>
void read(const Json& json, const std::string& path, std::vector<Item>& items) {
  if (!json.is_array()) refuse(path, "an array", shown(json));
  // One by one, so that a long array of nothings is refused at its first item and never takes the
  // memory of as many structs.
  items.clear();
  for (std::size_t i = 0; i < json.size(); ++i) {
    Item item{};
    read(json[i], concat(path, "[", i, "]"), item);
    items.push_back(std::move(item));
  }
}

template <class Value>
void read_or_null(const Json& json, const std::string& path, Null null, Value& value) {
  if constexpr (std::is_same_v<Value, double>) {
    if (null == Null::if_not_finite && json.is_null()) {
      value = std::numeric_limits<double>::quiet_NaN();
      return;
    }
  } else if constexpr (std::is_same_v<Value, std::string>) {
    if (null == Null::if_empty && json.is_null()) {
      value.clear();
      return;
    }
  }
  read(json, path, value);
}

/// Reads the fields of `object`. Members that the caller has read already are `known`.
template <Described Class>
void read_fields(const Json& json, const std::string& path, Class& object,
                 std::set<std::string_view> known = {}) {
  if (!json.is_object()) refuse(path, "an object", shown(json));
  for_each_field<Class>([&](const auto& field) {
    known.insert(field.name);
    const std::string field_path = member(path, field.name);
    const auto found = json.find(field.name);
    if (found == json.end()) refuse(field_path, "this member", "none");
    read_or_null(*found, field_path, field.null, object.*field.member);
  });
  for (const auto& item : json.items()) {
    if (!known.contains(item.key())) {
      refuse(member(path, shown(item.key())), "no such member", shown(item.value()));
    }
  }
}

template <Described Class>
void read(const Json& json, const std::string& path, Class& object) {
  read_fields(json, path, object);
}

void check_schema(const Json& json) {
  if (!json.is_object()) refuse("", "an object", shown(json));
  const auto schema = json.find("schema");
  if (schema == json.end() || *schema != "hadal-bench-report") {
    refuse("schema", "\"hadal-bench-report\"", schema == json.end() ? "none" : shown(*schema));
  }
  const auto version = json.find("schema_version");
  if (version == json.end() || *version != 1) {
    throw FormatError(
        concat("schema_version: expected 1, the version that this build reads, found ",
               version == json.end() ? "none" : shown(*version)),
        "use the build of Hadal that wrote the report, or run the benchmarks again");
  }
}

}  // namespace

Report report_from_json(std::string_view text, std::string_view name) {
  const Json json = parse_strict_json(text, std::string(name), kMaxDepth);
  try {
    check_schema(json);
    Report report;
    read_fields(json, "", report, {"schema", "schema_version"});
    validate(report);
    return report;
  } catch (const Error& error) {
    throw FormatError(concat(name, ": ", error.what()), error.hint());
  }
}

Report read_report(const std::filesystem::path& path) {
  return report_from_json(read_file(path, kMaxBytes), path.string());
}

}  // namespace hadal::bench
