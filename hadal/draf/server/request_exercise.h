#pragma once

#include "hadal/data/tokenizer/tokenizer.h"
#include "hadal/draf/chat/chat_template.h"
#include "hadal/draf/server/api/call.h"
#include "hadal/draf/server/api/error.h"
#include "hadal/draf/server/api/tokenize.h"
#include "hadal/draf/server/http/head_parser.h"
#include "hadal/testing/require.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace hadal::draf::server {

/// Gives `call` hostile input: an ApiError that says a status is an expected outcome, any other
/// exception escapes.
template <class Action>
void expect_refusal_or_none(const Action& call) {
  try {
    call();
  } catch (const ApiError& error) {
    hadal::testing::require(error.details().status >= 400 && error.details().status < 500);
    hadal::testing::require(error.json().starts_with("{\"error\":{\"message\":"));
  }
}

/// Feeds hostile `input` to the parser of heads, whole and in pieces, which must not differ, and
/// what follows the first empty line, or else all of it, to the readers of bodies.
inline void exercise_request(std::string_view input) {
  constexpr std::size_t kMaxHead = 4096;
  const auto parse = [&](std::size_t piece) {
    std::optional<ParsedHead> parsed;
    int status = 0;
    HeadParser parser(kMaxHead);
    std::string buffer;
    try {
      for (std::size_t at = 0; at < input.size() && !parsed; at += piece) {
        buffer += input.substr(at, piece);
        parsed = parser.put(buffer);
      }
    } catch (const ApiError& error) {
      status = error.details().status;
    }
    return std::pair(parsed ? parsed->head.method + ' ' + parsed->head.path : "", status);
  };
  const auto whole = parse(std::max<std::size_t>(1, input.size()));
  const auto pieces = parse(7);
  if (whole.second == 0) hadal::testing::require(whole == pieces);

  static const ServedModel model{
      .name = "m",
      .context = 512,
      .tokenizer = std::make_shared<data::ByteTokenizer>(),
      .render_chat = [](const Conversation& it) { return it.messages.dump() + it.tools.dump(); }};
  const CallLimits limits{.max_choices = 16, .max_prompt_tokens = 0};
  const auto end = input.find("\r\n\r\n");
  const std::string_view body = end == input.npos ? input : input.substr(end + 4);
  for (const auto parse_call : {parse_completion_call, parse_chat_call}) {
    expect_refusal_or_none([&] {
      const Call call = parse_call(body, model, limits);
      hadal::testing::require(!call.requests.empty() && call.requests.size() <= 16);
      for (const Request& request : call.requests) {
        hadal::testing::require(!request.prompt.empty() && request.prompt.size() < 512);
        hadal::testing::require(request.max_tokens >= 1 && request.max_tokens <= 512);
        hadal::testing::require(request.sampling.temperature >= 0 &&
                                request.sampling.temperature <= 2);
      }
    });
  }
  expect_refusal_or_none([&] { tokenize_reply(body, model); });
  expect_refusal_or_none([&] { detokenize_reply(body, model); });
}

}  // namespace hadal::draf::server
