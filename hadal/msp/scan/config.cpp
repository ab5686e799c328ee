#include "hadal/msp/scan/config.h"

#include "hadal/core/error.h"
#include "hadal/core/strict_json.h"
#include "hadal/core/text.h"

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace hadal::msp {
namespace {

constexpr std::size_t kDeepest = 64;

/// What templates that break out of Jinja's sandbox use, and others do not.
constexpr std::array<std::string_view, 9> kEscapes = {
    "__class__", "__globals__", "__subclasses__", "__builtins__", "__import__",
    "__mro__",   "__bases__",   "__init__",       "__reduce__"};

void check_template(std::string_view text, const Place& place, Findings& findings) {
  if (text.find("{{") == text.npos && text.find("{%") == text.npos) return;
  for (const std::string_view escape : kEscapes) {
    if (text.find(escape) == text.npos) continue;
    findings.add(rules::kTemplateEscape, place, {}, concat("a template uses ", escape));
    return;
  }
}

void check_member(const std::string& key, const nlohmann::json& value, const Place& place,
                  Findings& findings) {
  if (value.is_string())
    return check_template(value.get_ref<const std::string&>(), place, findings);
  if (key == "auto_map" && !value.empty()) {
    findings.add(
        rules::kRemoteCode, place, {},
        concat("auto_map names classes: ",
               quote(value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace))));
  }
  if (key == "trust_remote_code" && value.is_boolean() && value.get<bool>()) {
    findings.add(rules::kRemoteCode, place, {}, "trust_remote_code is true");
  }
}

void walk(const nlohmann::json& root, const Place& place, Findings& findings) {
  std::vector<const nlohmann::json*> left = {&root};
  while (!left.empty()) {
    const nlohmann::json& json = *left.back();
    left.pop_back();
    if (!json.is_structured()) continue;
    for (const auto& item : json.items()) {
      check_member(json.is_object() ? item.key() : "", item.value(), place, findings);
      left.push_back(&item.value());
    }
  }
}

}  // namespace

void scan_config(std::span<const std::byte> bytes, const Place& place, Findings& findings) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  try {
    walk(parse_strict_json(text, place.file, kDeepest), place, findings);
  } catch (const FormatError&) {
    check_template(text, place, findings);
  }
}

}  // namespace hadal::msp
