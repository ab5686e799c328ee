#pragma once

#include "hadal/draf/server/served_model.h"

#include <string>
#include <string_view>

namespace hadal::draf::server {

// The replies to /tokenize and /detokenize, whose fields are vLLM's. Both throw ApiError.

/// {"prompt": text} or {"messages": [...]} gives {"count", "max_model_len", "tokens"}.
std::string tokenize_reply(std::string_view body, const ServedModel& model);
/// {"tokens": [...]} gives {"prompt": text}.
std::string detokenize_reply(std::string_view body, const ServedModel& model);

}  // namespace hadal::draf::server
