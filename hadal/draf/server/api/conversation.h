#pragma once

#include "hadal/draf/server/api/fields.h"
#include "hadal/draf/server/served_model.h"

#include <string>
#include <string_view>

namespace hadal::draf::server {

/// The prompt of the conversation in a call: its messages, tools, tool_choice,
/// add_generation_prompt and chat_template_kwargs. `fields` are those of `body`. Throws ApiError.
std::string render_conversation(const Fields& fields, std::string_view body,
                                const ServedModel& model);

}  // namespace hadal::draf::server
