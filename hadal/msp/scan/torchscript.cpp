#include "hadal/msp/scan/torchscript.h"

#include "hadal/core/error.h"
#include "hadal/core/text.h"

#include <algorithm>
#include <array>
#include <set>
#include <string>

namespace hadal::msp {
namespace {

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// The folder and "code/" of a path "archive/code/__torch__.py".
bool has_code_folder(std::string_view name) {
  const std::size_t folder = name.find('/');
  return folder != name.npos && name.substr(folder + 1).starts_with("code/");
}

/// Operators that read or write files.
constexpr std::array<std::string_view, 4> kReachingOut = {"save", "from_file", "_save", "load"};
/// Namespaces of operators that PyTorch itself registers and exports use.
constexpr std::array<std::string_view, 13> kOwnNamespaces = {"aten",
                                                             "prim",
                                                             "prims",
                                                             "quantized",
                                                             "_quantized",
                                                             "prepacked",
                                                             "inductor",
                                                             "onednn",
                                                             "torchvision",
                                                             "torchaudio",
                                                             "mkldnn",
                                                             "xnnpack",
                                                             "quantized_decomposed"};

/// The dotted name that begins at `at`.
std::string_view dotted_at(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && (is_word(text[end]) || text[end] == '.')) ++end;
  return text.substr(at, end - at);
}

class ScriptScan {
 public:
  ScriptScan(std::string_view text, const Place& place, Findings& findings)
      : text_(text), place_(place), findings_(findings) {}

  void run() {
    for (std::size_t at = 0; at < text_.size();) {
      if (text_[at] == '"' || text_[at] == '\'') {
        at = after_literal(at);
      } else if (text_[at] == '#') {
        at = std::min(text_.find('\n', at), text_.size());
      } else if (is_word(text_[at])) {
        const std::string_view name = dotted_at(text_, at);
        check(name, at);
        at += name.size();
      } else {
        ++at;
      }
    }
  }

 private:
  std::size_t after_literal(std::size_t at) const {
    for (std::size_t i = at + 1; i < text_.size(); ++i) {
      if (text_[i] == '\\') {
        ++i;
      } else if (text_[i] == text_[at] || text_[i] == '\n') {
        return i + 1;
      }
    }
    return text_.size();
  }

  void check(std::string_view name, std::size_t at) {
    const std::size_t last = name.rfind('.');
    if (last == name.npos) return;
    const std::string_view function = name.substr(last + 1);
    const bool is_torch = name.substr(0, last) == "torch" || name.substr(0, last) == "ops.aten";
    if (is_torch && std::ranges::find(kReachingOut, function) != kReachingOut.end()) {
      return tell(rules::kScriptReachesOut, name, at);
    }
    if (!name.starts_with("ops.")) return;
    const std::string_view space = name.substr(4, name.find('.', 4) - 4);
    if (std::ranges::find(kOwnNamespaces, space) == kOwnNamespaces.end()) {
      tell(rules::kScriptForeignOperator, name, at);
    }
  }

  void tell(const Rule& rule, std::string_view name, std::size_t at) {
    if (!told_.insert(std::string(name)).second) return;
    findings_.add(rule, place_, at, concat("byte ", at, ": calls ", quote(name)));
  }

  std::string_view text_;
  const Place& place_;
  Findings& findings_;
  std::set<std::string> told_;
};

}  // namespace

bool is_torchscript(const zip::Directory& directory) {
  const auto any = [&](const auto& test) {
    return std::ranges::any_of(directory.members,
                               [&](const zip::Member& member) { return test(member.name); });
  };
  return any(has_code_folder) &&
         any([](const std::string& name) { return name.ends_with("/constants.pkl"); });
}

bool is_script(std::string_view name) { return has_code_folder(name) && name.ends_with(".py"); }

void scan_script(std::span<const std::byte> bytes, const Place& place, Findings& findings) {
  ScriptScan({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, place, findings).run();
}

}  // namespace hadal::msp
