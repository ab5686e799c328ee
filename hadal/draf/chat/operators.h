#pragma once

#include "hadal/draf/chat/budget.h"
#include "hadal/draf/chat/value.h"

#include <memory>
#include <string_view>

namespace hadal::draf::jinja {

/// Python's operators. All throw Failure where Python throws a TypeError or the like.
bool equal(Budget& budget, const Value& a, const Value& b);
bool less(Budget& budget, const Value& a, const Value& b);
bool contains(Budget& budget, const Value& all, const Value& one);
/// "==", "<", "not in" and so on.
bool compare(Budget& budget, std::string_view op, const Value& a, const Value& b);

/// "+", "-", "*", "/", "//", "%", "**".
Value calculate(Budget& budget, std::string_view op, const Value& a, const Value& b);
Value negate(const Value& value);

/// `format % values`.
Value format_percent(Budget& budget, const std::string& format, const Value& values);

/// What a `for` goes through. It uses a generator up.
std::shared_ptr<const List> iterate(Budget& budget, const Value& value);

/// value.name, value[index] and value[begin:end:step] as Jinja's sandbox finds them: a member or,
/// for what is not there, an Undefined.
Value get_attribute(Budget& budget, const Value& value, const std::string& name);
Value get_item(Budget& budget, const Value& value, const Value& index);
Value get_slice(Budget& budget, const Value& value, const Value& begin, const Value& end,
                const Value& step);

}  // namespace hadal::draf::jinja
