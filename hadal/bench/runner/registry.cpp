#include "hadal/bench/runner/registry.h"

#include "hadal/core/error.h"

#include <algorithm>
#include <tuple>

namespace hadal::bench {
namespace {

std::vector<Case>& storage() {
  static std::vector<Case> cases;
  return cases;
}

/// Whether `text` is `pattern`, in which `*` stands for any text.
bool matches_glob(std::string_view pattern, std::string_view text) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == text;
  if (!text.starts_with(pattern.substr(0, star))) return false;
  const std::string_view rest = pattern.substr(star + 1);
  for (std::size_t at = star; at <= text.size(); ++at) {
    if (matches_glob(rest, text.substr(at))) return true;
  }
  return false;
}

bool matches(std::string_view pattern, const Case& definition) {
  constexpr std::string_view kModule = "module:";
  if (pattern.starts_with(kModule)) return definition.module == pattern.substr(kModule.size());
  return pattern == name_of(definition.domain) || matches_glob(pattern, definition.id);
}

/// The ids that share most of their beginning or end with `pattern`, to be shown in an error.
std::string nearest(const std::vector<Case>& cases, std::string_view pattern) {
  std::string text;
  for (const Case& definition : cases) {
    const std::string_view name =
        std::string_view(definition.id).substr(definition.id.find('/') + 1);
    const std::string_view wanted = pattern.substr(pattern.find('/') + 1);
    if (wanted.substr(0, 2) != name.substr(0, 2)) continue;
    text += concat(text.empty() ? "did you mean " : " or ", definition.id, "?");
  }
  return text.empty() ? "see `hadal bench list`" : text;
}

}  // namespace

bool register_case(Case definition) {
  storage().push_back(std::move(definition));
  return true;
}

std::vector<Case> registered_cases() {
  std::vector<Case> cases = storage();
  std::ranges::sort(cases, {}, [](const Case& item) { return std::tie(item.domain, item.id); });
  for (const Case& definition : cases) validate(definition);
  const auto twice = std::ranges::adjacent_find(cases, {}, &Case::id);
  if (twice != cases.end()) {
    throw InvalidArgument(concat("two benchmark cases are called '", twice->id, "'"));
  }
  return cases;
}

std::vector<Case> select(const std::vector<Case>& cases, const std::vector<std::string>& patterns) {
  if (patterns.empty()) return cases;
  for (const std::string& pattern : patterns) {
    if (std::ranges::none_of(cases, [&](const Case& item) { return matches(pattern, item); })) {
      throw InvalidArgument(concat("no benchmark case matches '", pattern, "'"),
                            nearest(cases, pattern));
    }
  }
  std::vector<Case> selected;
  std::ranges::copy_if(cases, std::back_inserter(selected), [&](const Case& item) {
    return std::ranges::any_of(patterns,
                               [&](const auto& pattern) { return matches(pattern, item); });
  });
  return selected;
}

}  // namespace hadal::bench
