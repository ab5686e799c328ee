#include "hadal/msp/scan/pickle/imports.h"

#include "hadal/core/error.h"
#include "hadal/core/text.h"
#include "hadal/msp/scan/pickle/reader.h"

namespace hadal::msp::pickle {
namespace {

constexpr std::size_t kMostImports = 1 << 16;
/// Longer names than any module has are cut, because they are kept.
constexpr std::size_t kMostName = 1000;

/// "os.system" as a message has it: without quotes where it is plain.
std::string shown(const std::string& module, const std::string& name) {
  const std::string whole = module + "." + name;
  const bool is_plain =
      whole.size() <= 120 &&
      whole.find_first_not_of(
          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._<>") == whole.npos;
  return is_plain ? whole : quote(whole);
}

}  // namespace

Value Imports::add(std::string_view module, std::string_view name, std::uint64_t at) {
  module = module.substr(0, kMostName);
  name = name.substr(0, kMostName);
  std::string key = std::string(module) + '\n' + std::string(name);
  const auto [known, is_new] = known_.try_emplace(std::move(key), imports_.size());
  if (is_new) {
    if (imports_.size() == kMostImports) throw Malformed{"it imports more than any model needs"};
    const bool is_own =
        context_.in_torchscript && (module == "__torch__" || module.starts_with("__torch__."));
    imports_.push_back({.module = std::string(module),
                        .name = std::string(name),
                        .trust = is_own ? Trust::allowed : trust_of(module, name),
                        .at = at});
  }
  return {.kind = Kind::global, .text = {}, .global = known->second};
}

Value Imports::add(const Value& module, const Value& name, std::uint64_t at) {
  if (module.kind == Kind::text && name.kind == Kind::text) return add(module.text, name.text, at);
  findings_.add(rules::kComputedImport, place_, at,
                concat("byte ", at, ": imports a name that is computed"));
  return {};
}

void Imports::extension(std::uint64_t at) {
  findings_.add(rules::kExtensionCode, place_, at,
                concat("byte ", at, ": imports by a number of copyreg's registry"));
}

Imports::Callee Imports::call(const Value& callable, std::uint64_t at) {
  if (callable.kind != Kind::global) {
    if (!told_computed_call_) {
      findings_.add(rules::kComputedCall, place_, at,
                    concat("byte ", at, ": calls what another call gave"));
    }
    told_computed_call_ = true;
    return Callee::other;
  }
  Import& import = imports_[callable.global];
  if (!import.is_called) import.called_at = at;
  import.is_called = true;
  if (import.module == "_codecs" && import.name == "encode") return Callee::encodes;
  const bool unpickles = import.module == "torch.storage" && import.name == "_load_from_bytes";
  return unpickles ? Callee::unpickles : Callee::other;
}

void Imports::report() {
  for (const Import& import : imports_) {
    if (import.trust == Trust::allowed) continue;
    const Rule& rule =
        import.trust == Trust::dangerous ? rules::kDangerousImport : rules::kUnknownImport;
    findings_.add(
        rule, place_, import.at,
        concat("byte ", import.at, ": imports ", shown(import.module, import.name),
               import.is_called ? concat(", and calls it at byte ", import.called_at) : ""));
  }
}

}  // namespace hadal::msp::pickle
