#pragma once

#include "hadal/draf/chat/interpreter.h"

#include <string_view>
#include <utility>

namespace hadal::draf::jinja {

using Filter = Value (*)(Interpreter&, const Value& value, const Arguments& arguments);
using NamedFilter = std::pair<std::string_view, Filter>;

/// Null where there is none. Each of the two knows some.
Filter find_text_filter(std::string_view name);
Filter find_sequence_filter(std::string_view name);

/// value.a.b of a dotted `path`, where digits are indices.
Value follow_path(Budget& budget, Value value, const Value& path);
/// The key by which sort and its kin compare: text without regard to case, unless told otherwise.
Value comparison_key(Budget& budget, const Value& value, const Value* path, bool with_case);

}  // namespace hadal::draf::jinja
