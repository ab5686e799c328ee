#include "hadal/core/error.h"
#include "hadal/draf/server/api/call.h"
#include "hadal/draf/server/api/common_fields.h"
#include "hadal/draf/server/api/error.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace hadal::draf::server {
namespace {

using nlohmann::json;

constexpr const char* kExpected = "a text, token ids, or an array of either";

/// The ids of one prompt.
std::vector<std::int64_t> read_prompt(const json& value, const ServedModel& model) {
  if (value.is_string()) {
    return encode_field(model, value.get_ref<const std::string&>(), true, "prompt");
  }
  if (value.is_array()) return read_token_ids(value, model, "prompt");
  wrong_type("prompt", kExpected, value);
}

/// Each prompt of `value`.
std::vector<const json*> prompts_in(const json& value) {
  if (value.is_string()) return {&value};
  if (!value.is_array()) wrong_type("prompt", kExpected, value);
  if (value.empty()) throw bad_field("prompt", "prompt: expected at least one prompt, found none");
  if (value.front().is_number()) return {&value};
  std::vector<const json*> prompts;
  for (const json& item : value) prompts.push_back(&item);
  return prompts;
}

void refuse_what_completions_lack(const Fields& fields, std::int64_t n, bool echo) {
  if (const auto suffix = fields.text("suffix"); suffix && !suffix->empty()) {
    throw bad_field("suffix", "suffix: is not served");
  }
  const auto best_of = fields.integer("best_of", 1, std::numeric_limits<std::int64_t>::max());
  if (best_of && *best_of != n) {
    throw bad_field("best_of", "best_of: is not served other than as n");
  }
  if (echo && fields.find("logprobs")) {
    throw bad_field("logprobs", "logprobs: are not served of a prompt, which \"echo\" asks for");
  }
}

/// What all choices have in common; the prompt is empty.
Request read_request(const Fields& fields, const ServedModel& model) {
  constexpr std::int64_t kUsualTokens = 16;  // OpenAI's default
  constexpr std::int64_t kMostLogprobs = 20;
  Request request{.prompt = {}, .max_tokens = kUsualTokens};
  request.max_tokens = fields.integer("max_tokens", 1, std::numeric_limits<std::int64_t>::max())
                           .value_or(kUsualTokens);
  request.max_tokens = std::min(request.max_tokens, model.context);
  request.sampling = read_sampling(fields, model);
  request.stop = read_stop(fields);
  request.ignore_end = fields.flag("ignore_eos", false);
  request.logprobs = fields.integer("logprobs", 0, kMostLogprobs);
  return request;
}

}  // namespace

Call parse_completion_call(std::string_view body, const ServedModel& model,
                           const CallLimits& limits) {
  const json parsed = parse_body(body);
  const Fields fields(parsed);
  check_model(fields, model);
  refuse_unsupported(fields);
  Call call{.kind = CallKind::completion};
  read_stream(fields, call);
  const std::int64_t n = fields.integer("n", 1, limits.max_choices).value_or(1);
  const bool echo = fields.flag("echo", false);
  refuse_what_completions_lack(fields, n, echo);
  Request request = read_request(fields, model);
  call.logprobs = request.logprobs.has_value();

  const json* value = fields.find("prompt");
  if (!value) throw bad_field("prompt", concat("prompt: expected ", kExpected, ", found none"));
  const auto prompts = prompts_in(*value);
  if (static_cast<std::int64_t>(prompts.size()) > limits.max_choices / n) {
    throw bad_field("prompt", concat("prompt: ", prompts.size(), " prompts with n = ", n,
                                     " make more choices than ", limits.max_choices));
  }
  for (const json* prompt : prompts) {
    request.prompt = read_prompt(*prompt, model);
    check_length(request.prompt.size(), "prompt", model, limits);
    add_choices(call, request, n, echo ? model.tokenizer->decode(request.prompt) : "");
  }
  return call;
}

}  // namespace hadal::draf::server
