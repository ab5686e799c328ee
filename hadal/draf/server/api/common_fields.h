#pragma once

#include "hadal/draf/server/api/call.h"
#include "hadal/draf/server/api/fields.h"

#include <cstdint>
#include <string>
#include <vector>

namespace hadal::draf::server {

// What the calls of both kinds have in common. All throw ApiError.

/// Throws (404) where the call names another model than is served.
void check_model(const Fields& fields, const ServedModel& model);
/// Throws where a field asks for what changes the reply and cannot be done.
void refuse_unsupported(const Fields& fields);
void read_stream(const Fields& fields, Call& call);
SamplingOptions read_sampling(const Fields& fields, const ServedModel& model);
std::vector<std::string> read_stop(const Fields& fields);
std::vector<std::int64_t> read_token_ids(const nlohmann::json& value, const ServedModel& model,
                                         const std::string& param);
/// Throws (`context_length_exceeded`) where the context has no room for a prompt and one token.
void check_length(std::size_t tokens, const std::string& param, const ServedModel& model,
                  const CallLimits& limits);

/// Adds `n` choices that go on from `request`'s prompt, each with a seed of its own.
void add_choices(Call& call, const Request& request, std::int64_t n, const std::string& echo);

}  // namespace hadal::draf::server
