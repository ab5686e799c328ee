#pragma once

#include "hadal/draf/chat/arguments.h"
#include "hadal/draf/chat/budget.h"

namespace hadal::draf::jinja {

/// Whether Python's `str` has this method.
bool is_text_method(std::string_view name);

/// Throws Failure for those of `str` that no template is known to use, too.
Value call_text_method(Budget& budget, const Method& method, const Arguments& arguments);

/// The items' texts with `separator` between them.
Value join_texts(Budget& budget, const std::string& separator, const Values& items);

}  // namespace hadal::draf::jinja
