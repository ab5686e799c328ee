#include "hadal/core/safetensors/index.h"

#include "hadal/core/error.h"
#include "hadal/core/strict_json.h"
#include "hadal/core/text.h"

#include <cstddef>

namespace hadal::safetensors {
namespace {

using nlohmann::json;

// An index nests two deep; more is left to what a later one may hold.
constexpr std::size_t kMaxDepth = 16;

bool is_plain_name(const std::string& file) {
  return !file.empty() && file != "." && file != ".." &&
         file.find_first_of(std::string_view("/\\\0", 3)) == file.npos;
}

}  // namespace

std::map<std::string, std::string> parse_index(std::string_view text, const std::string& source) {
  const json index = parse_strict_json(text, source, kMaxDepth);
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
