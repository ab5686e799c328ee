#pragma once

#include "hadal/draf/chat/arguments.h"
#include "hadal/draf/chat/budget.h"
#include "hadal/draf/chat/value.h"

namespace hadal::draf::jinja {

enum class MethodKind {
  none,
  safe,
  changing,  ///< changes its value, which the sandbox of transformers refuses
};

/// Whether Python's type of `value` has this method.
MethodKind method_kind(const Value& value, const std::string& name);

/// value.name(arguments), of a method that is safe. Throws Failure.
Value call_method(Budget& budget, const Method& method, const Arguments& arguments);

}  // namespace hadal::draf::jinja
