#include "hadal/data/readers/json_lines.h"

#include "hadal/core/error.h"
#include "hadal/core/strict_json.h"
#include "hadal/core/text.h"
#include "hadal/core/utf8.h"
#include "hadal/data/readers/gzip.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace hadal::data {

using nlohmann::json;

namespace {
constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::size_t kMaxDepth = 64;
}  // namespace

struct JsonObject::Node {
  /// Points into the line's value, which it keeps alive.
  std::shared_ptr<const json> value;
  /// The file and the line, as errors say them.
  std::string place;
  /// The names of the fields that lead here, each with a dot behind it.
  std::string path;

  [[noreturn]] void fail(const std::string& field, const std::string& what,
                         const std::string& hint = "") const {
    throw FormatError(concat(place, ": field ", quote(path + field), ": ", what), hint);
  }

  [[noreturn]] void refuse(const std::string& field, const char* expected,
                           const json& found) const {
    fail(field, concat("expected ", expected, ", found ", found.type_name()));
  }

  const json& at(std::string_view field) const {
    const auto found = value->find(field);
    if (found != value->end()) return *found;
    constexpr std::size_t kMostNames = 8;
    std::string names;
    std::size_t count = 0;
    for (const auto& [name, ignored] : value->items()) {
      if (++count > kMostNames) break;
      names += (count > 1 ? ", " : "") + quote(name);
    }
    if (count > kMostNames) names += ", ...";
    fail(std::string(field), "is missing",
         count > 0 ? "the fields here are " + names : "the object is empty");
  }
};

std::vector<std::string> JsonObject::names() const {
  std::vector<std::string> names;
  for (const auto& [name, ignored] : node_->value->items()) names.push_back(name);
  return names;
}

bool JsonObject::contains(std::string_view field) const { return node_->value->contains(field); }

std::string JsonObject::string(std::string_view field) const {
  const json& value = node_->at(field);
  if (!value.is_string()) node_->refuse(std::string(field), "a string", value);
  return value.get<std::string>();
}

double JsonObject::number(std::string_view field) const {
  const json& value = node_->at(field);
  if (!value.is_number()) node_->refuse(std::string(field), "a number", value);
  return value.get<double>();
}

std::int64_t JsonObject::integer(std::string_view field) const {
  const json& value = node_->at(field);
  constexpr std::uint64_t kLargest = std::numeric_limits<std::int64_t>::max();
  if (!value.is_number()) node_->refuse(std::string(field), "an integer", value);
  if (!value.is_number_integer() ||
      (value.is_number_unsigned() && value.get<std::uint64_t>() > kLargest)) {
    node_->fail(std::string(field),
                concat("expected an integer from -2^63 to 2^63 - 1, found ", value.dump()));
  }
  return value.get<std::int64_t>();
}

std::vector<std::string> JsonObject::strings(std::string_view field) const {
  const json& value = node_->at(field);
  if (!value.is_array()) node_->refuse(std::string(field), "a list of strings", value);
  std::vector<std::string> strings;
  for (const json& item : value) {
    if (!item.is_string()) {
      node_->refuse(concat(field, "[", strings.size(), "]"), "a string", item);
    }
    strings.push_back(item.get<std::string>());
  }
  return strings;
}

JsonObject JsonObject::object(std::string_view field) const {
  const json& value = node_->at(field);
  if (!value.is_object()) node_->refuse(std::string(field), "an object", value);
  return JsonObject(std::make_shared<const Node>(
      Node{{node_->value, &value}, node_->place, concat(node_->path, field, ".")}));
}

JsonLines::JsonLines(const std::filesystem::path& path)
    : JsonLines(read_maybe_gzip(path), path.string()) {}

JsonLines::JsonLines(std::string text, std::string source)
    : text_(std::move(text)), source_(std::move(source)) {
  if (std::string_view(text_).starts_with(kUtf8Bom)) at_ = kUtf8Bom.size();
}

std::optional<std::string_view> JsonLines::next_line() {
  const std::string_view rest = std::string_view(text_).substr(at_);
  if (rest.find_first_not_of(kBlanks) == rest.npos) return std::nullopt;
  ++line_;
  const std::string_view line = rest.substr(0, rest.find('\n'));
  at_ = std::min(at_ + line.size() + 1, text_.size());
  return line;
}

std::optional<JsonObject> JsonLines::next() {
  const auto line = next_line();
  if (!line) return std::nullopt;
  const std::string place = concat(source_, ": line ", line_);
  if (line->size() > kMaxLineBytes) {
    throw FormatError(
        concat(place, ": ", line->size(), " bytes, but at most ", kMaxLineBytes, " are read"),
        "expected is one JSON object a line");
  }
  if (const auto invalid = find_invalid_utf8(*line)) {
    throw FormatError(concat(place, ": byte ", *invalid, ": expected UTF-8"),
                      "convert the file to UTF-8, for example with iconv");
  }
  if (line->find_first_not_of(kBlanks) == line->npos) {
    throw FormatError(concat(place, ": expected an object, found a blank line"),
                      "only the end of a file may be blank");
  }
  const auto value = std::make_shared<const json>(parse_strict_json(*line, place, kMaxDepth));
  if (!value->is_object()) {
    throw FormatError(concat(place, ": expected an object, found ", value->type_name()),
                      "expected is one JSON object a line");
  }
  return JsonObject(std::make_shared<const JsonObject::Node>(JsonObject::Node{value, place, ""}));
}

}  // namespace hadal::data
