#include "hadal/msp/scan/pickle/globals.h"

#include "pickle_globals.h"

#include <algorithm>
#include <array>
#include <string>
#include <unordered_set>

namespace hadal::msp::pickle {
namespace {

using Names = std::unordered_set<std::string_view>;

/// The lines of an embedded file, but for comments.
Names lines_of(std::string_view text) {
  Names names;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    if (!line.empty() && line.front() != '#') names.insert(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return names;
}

/// Python 2's names of modules, which Python 3 maps when it reads protocols 0 to 2.
std::string_view modern(std::string_view module) {
  if (module == "__builtin__") return "builtins";
  if (module == "copy_reg") return "copyreg";
  return module;
}

/// Whether the list has the module itself or one of the packages that it is in.
bool lists_package_of(const Names& names, std::string_view module) {
  for (;;) {
    if (names.contains(module)) return true;
    const std::size_t dot = module.rfind('.');
    if (dot == module.npos) return false;
    module = module.substr(0, dot);
  }
}

}  // namespace

Trust trust_of(std::string_view module, std::string_view name) {
  static const Names allowed = lines_of(embedded::allowed_globals_txt);
  static const Names dangerous = lines_of(embedded::dangerous_modules_txt);
  const std::string_view known_as = modern(module);
  // A name with a dot walks attributes from protocol 4 on: "torch" and "os.system" is os.system.
  if (allowed.contains(std::string(known_as) + " " + std::string(name))) return Trust::allowed;
  if (name.find('.') != name.npos) return Trust::dangerous;
  const bool is_known_bad = lists_package_of(dangerous, known_as) ||
                            dangerous.contains(std::string(known_as) + " " + std::string(name));
  return is_known_bad ? Trust::dangerous : Trust::unknown;
}

}  // namespace hadal::msp::pickle
