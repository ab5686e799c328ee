#include "hadal/draf/server/api/tokenize.h"

#include "hadal/core/error.h"
#include "hadal/draf/server/api/call.h"
#include "hadal/draf/server/api/common_fields.h"
#include "hadal/draf/server/api/conversation.h"
#include "hadal/draf/server/api/error.h"
#include "hadal/draf/server/api/json.h"

namespace hadal::draf::server {

std::string tokenize_reply(std::string_view body, const ServedModel& model) {
  const nlohmann::json parsed = parse_body(body);
  const Fields fields(parsed);
  check_model(fields, model);
  const bool chat = fields.find("messages") != nullptr;
  const bool special = fields.flag("add_special_tokens", !chat);
  std::string text;
  if (chat) {
    text = render_conversation(fields, body, model);
  } else {
    const auto prompt = fields.text("prompt");
    if (!prompt) throw bad_field("prompt", "prompt: expected a text, or messages, found neither");
    text = *prompt;
  }
  const auto ids = encode_field(model, text, special, chat ? "messages" : "prompt");
  return dump({{"count", ids.size()}, {"max_model_len", model.context}, {"tokens", ids}});
}

std::string detokenize_reply(std::string_view body, const ServedModel& model) {
  const nlohmann::json parsed = parse_body(body);
  const Fields fields(parsed);
  check_model(fields, model);
  const auto* tokens = fields.find("tokens");
  if (!tokens) throw bad_field("tokens", "tokens: expected an array of token ids, found none");
  const auto ids = read_token_ids(*tokens, model, "tokens");
  return dump({{"prompt", model.tokenizer->decode(ids, false)}});
}

}  // namespace hadal::draf::server
