#include "hadal/core/safetensors/index.h"

#include "hadal/core/error.h"
#include "hadal/core/safetensors/text.h"

#include <cstddef>
#include <set>

#include <nlohmann/json.hpp>

namespace hadal::safetensors {
namespace {

using nlohmann::json;

/// Watches a parse for what the parsed value no longer shows: keys that came twice, and nesting.
class Watch {
 public:
  explicit Watch(const std::string& source) : source_(source) {}

  bool operator()(int depth, json::parse_event_t event, json& value) {
    constexpr int kDeepest = 16;
    if (depth > kDeepest) {
      throw FormatError(concat(source_, ": nested more than ", kDeepest, " levels deep"));
    }
    if (event == json::parse_event_t::object_start) keys_.emplace_back();
    if (event == json::parse_event_t::object_end) keys_.pop_back();
    if (event == json::parse_event_t::key) {
      const auto [key, is_new] = keys_.back().insert(value.get<std::string>());
      if (!is_new) throw FormatError(concat(source_, ": the key ", quote(*key), " comes twice"));
    }
    return true;
  }

 private:
  const std::string& source_;
  std::vector<std::set<std::string>> keys_;
};

json parse_strictly(std::string_view text, const std::string& source) {
  // The JSON parser takes a NUL for the end of its input and would not see what comes after.
  if (const auto nul = text.find('\0'); nul != text.npos) {
    throw FormatError(concat(source, ": byte ", nul, ": the text contains a NUL"));
  }
  try {
    return json::parse(text, Watch(source));
  } catch (const json::parse_error& error) {
    const std::size_t byte = error.byte > 0 ? error.byte - 1 : 0;
    throw FormatError(
        concat(source, ": near byte ", byte, ": invalid JSON: ", json_error_reason(error)));
  } catch (const json::exception& error) {
    throw FormatError(concat(source, ": invalid JSON: ", json_error_reason(error)));
  }
}

bool is_plain_name(const std::string& file) {
  return !file.empty() && file != "." && file != ".." &&
         file.find_first_of(std::string_view("/\\\0", 3)) == file.npos;
}

}  // namespace

std::map<std::string, std::string> parse_index(std::string_view text, const std::string& source) {
  const json index = parse_strictly(text, source);
  const auto weight_map = index.is_object() ? index.find("weight_map") : index.end();
  if (weight_map == index.end() || !weight_map->is_object()) {
    throw FormatError(concat(source, ": expected an object with an object \"weight_map\""),
                      "expected is a model.safetensors.index.json as Hugging Face libraries write");
  }
  std::map<std::string, std::string> file_of;
  for (const auto& [tensor, file] : weight_map->items()) {
    if (!file.is_string()) {
      throw FormatError(concat(source, ": tensor ", quote(tensor), ": expected a file name, found ",
                               file.type_name()));
    }
    const auto& name = file.get_ref<const std::string&>();
    if (!is_plain_name(name)) {
      throw FormatError(concat(source, ": tensor ", quote(tensor), ": the file name ", quote(name),
                               " is not that of a file in the index's folder"));
    }
    file_of.emplace(tensor, name);
  }
  return file_of;
}

}  // namespace hadal::safetensors
