#pragma once

#include "hadal/core/error.h"
#include "hadal/draf/chat/value.h"

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hadal::draf::jinja {

/// What a call passes.
struct Arguments {
  Values values = {};
  Named named = {};
};

/// The arguments of `callee` by the place of their parameter. Throws Failure for one too many.
class Bound {
 public:
  Bound(std::string_view callee, const Arguments& arguments,
        std::initializer_list<std::string_view> parameters);

  /// Null where it was not passed.
  const Value* find(std::size_t parameter) const { return values_[parameter]; }
  const Value& value(std::size_t parameter) const;
  Value value(std::size_t parameter, Value otherwise) const;
  bool flag(std::size_t parameter, bool otherwise = false) const;
  std::int64_t integer(std::size_t parameter) const;
  std::int64_t integer(std::size_t parameter, std::int64_t otherwise) const;
  const std::string& text(std::size_t parameter) const;
  std::string text(std::size_t parameter, std::string_view otherwise) const;
  /// None counts as not passed.
  std::optional<std::string> optional_text(std::size_t parameter) const;

 private:
  [[noreturn]] void refuse(std::size_t parameter, std::string_view expected) const;

  std::string_view callee_;
  std::vector<std::string_view> names_;
  std::vector<const Value*> values_;
};

}  // namespace hadal::draf::jinja
