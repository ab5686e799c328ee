#pragma once

#include "hadal/msp/scan/finding.h"
#include "hadal/msp/scan/pickle/globals.h"
#include "hadal/msp/scan/pickle/value.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace hadal::msp::pickle {

/// How a pickle came up, which says what may be expected of it.
struct Context {
  /// Within an archive of TorchScript, whose names below __torch__ are those of its own code.
  bool in_torchscript = false;
};

/// What a pickle imports and calls, and the findings of it. An import is told once, with the byte
/// where it comes first.
class Imports {
 public:
  Imports(const Context& context, const Place& place, Findings& findings)
      : context_(context), place_(place), findings_(findings) {}

  /// An import of `name` of `module` by the opcode at byte `at`, and the object that it gives.
  Value add(std::string_view module, std::string_view name, std::uint64_t at);
  /// The same by objects of the stack.
  Value add(const Value& module, const Value& name, std::uint64_t at);
  /// An import by a number.
  void extension(std::uint64_t at);
  /// What a call does that the scan has to follow.
  enum class Callee {
    other,
    unpickles,  ///< its argument
    encodes,    ///< its argument to bytes
  };
  Callee call(const Value& callable, std::uint64_t at);
  /// The name of an import, without its module.
  const std::string& name_of(const Value& global) const { return imports_[global.global].name; }
  /// Adds what was imported beyond what is allowed to the findings.
  void report();

 private:
  struct Import {
    std::string module;
    std::string name;
    Trust trust = Trust::unknown;
    std::uint64_t at = 0;
    bool is_called = false;
    std::uint64_t called_at = 0;
  };

  Context context_;
  const Place& place_;
  Findings& findings_;
  std::vector<Import> imports_;
  std::unordered_map<std::string, std::size_t> known_;
  bool told_computed_call_ = false;
};

}  // namespace hadal::msp::pickle
