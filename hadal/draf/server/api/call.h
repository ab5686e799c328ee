#pragma once

#include "hadal/draf/engine/request.h"
#include "hadal/draf/server/served_model.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hadal::draf::server {

enum class CallKind { completion, chat };

/// A call of /v1/completions or /v1/chat/completions, read and checked.
struct Call {
  CallKind kind;
  bool stream = false;
  bool include_usage = false;  ///< a streamed reply ends with its usage
  bool logprobs = false;
  std::int64_t choices_per_prompt = 1;
  std::vector<Request> requests = {};    ///< one a choice: those of the first prompt, and so on
  std::vector<std::string> echoes = {};  ///< of each choice: the text that goes before it
  std::int64_t prompt_tokens = 0;        ///< each prompt counted once
};

struct CallLimits {
  std::int64_t max_choices;
  std::int64_t max_prompt_tokens;  ///< 0: as the context allows
};

// Read the body of a call. Both throw ApiError, naming the field. Fields that do not change what a
// reply means are ignored where they are unknown; those that do are refused.

Call parse_completion_call(std::string_view body, const ServedModel& model,
                           const CallLimits& limits);
Call parse_chat_call(std::string_view body, const ServedModel& model, const CallLimits& limits);

/// The ids of `text`. Throws ApiError (400) where the tokenizer refuses it.
std::vector<std::int64_t> encode_field(const ServedModel& model, std::string_view text,
                                       bool add_special_tokens, const std::string& param);

}  // namespace hadal::draf::server
