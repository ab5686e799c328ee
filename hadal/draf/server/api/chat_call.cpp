#include "hadal/draf/server/api/call.h"
#include "hadal/draf/server/api/common_fields.h"
#include "hadal/draf/server/api/conversation.h"
#include "hadal/draf/server/api/error.h"

#include <algorithm>
#include <limits>

namespace hadal::draf::server {
namespace {

using nlohmann::json;

Request read_request(const Fields& fields, const ServedModel& model) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t kMostLogprobs = 20;
  auto tokens = fields.integer("max_completion_tokens", 1, kMost);
  if (const auto older = fields.integer("max_tokens", 1, kMost); !tokens) tokens = older;
  Request request{.prompt = {}, .max_tokens = std::min(tokens.value_or(kMost), model.context)};
  request.sampling = read_sampling(fields, model);
  request.stop = read_stop(fields);
  request.ignore_end = fields.flag("ignore_eos", false);
  const auto best = fields.integer("top_logprobs", 0, kMostLogprobs);
  if (fields.flag("logprobs", false)) {
    request.logprobs = best.value_or(0);
  } else if (best) {
    throw bad_field("top_logprobs", "top_logprobs: goes with \"logprobs\": true only");
  }
  return request;
}

}  // namespace

Call parse_chat_call(std::string_view body, const ServedModel& model, const CallLimits& limits) {
  const json parsed = parse_body(body);
  const Fields fields(parsed);
  check_model(fields, model);
  refuse_unsupported(fields);
  Call call{.kind = CallKind::chat};
  read_stream(fields, call);
  const std::int64_t n = fields.integer("n", 1, limits.max_choices).value_or(1);
  Request request = read_request(fields, model);
  call.logprobs = request.logprobs.has_value();
  // The template writes the special tokens.
  request.prompt = encode_field(model, render_conversation(fields, body, model), false, "messages");
  check_length(request.prompt.size(), "messages", model, limits);
  add_choices(call, request, n, "");
  return call;
}

}  // namespace hadal::draf::server
