#include "hadal/draf/server/api/wording.h"

#include "hadal/core/error.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

namespace hadal::draf::server {
namespace {

Json reason_name(FinishReason reason) { return reason == FinishReason::length ? "length" : "stop"; }

Json usage_json(const Usage& usage) {
  return {{"prompt_tokens", usage.prompt_tokens},
          {"completion_tokens", usage.completion_tokens},
          {"total_tokens", usage.prompt_tokens + usage.completion_tokens},
          {"prompt_tokens_details", {{"cached_tokens", usage.cached_tokens}}}};
}

std::int64_t characters(std::string_view text) {
  return std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; });
}

/// JSON has no infinity, and OpenAI's API says -9999 for it.
double finite(double logprob) {
  constexpr double kLeast = -9999;
  return std::isfinite(logprob) ? logprob : kLeast;
}

/// A token as chats show it. `bytes` is null where the text does not tell them: for a part of a
/// character.
Json chat_token(const std::string& text, double logprob) {
  Json bytes;
  if (text.find("\uFFFD") == text.npos) {
    bytes = Json::array();
    for (const char c : text) bytes.push_back(static_cast<unsigned char>(c));
  }
  return {{"token", text}, {"logprob", finite(logprob)}, {"bytes", std::move(bytes)}};
}

}  // namespace

Wording::Wording(const Call& call, const ServedModel& model, const std::string& id,
                 std::int64_t created)
    : call_(call),
      model_(model),
      id_((call.kind == CallKind::chat ? "chatcmpl-" : "cmpl-") + id),
      created_(created) {
  for (const std::string& echo : call.echoes) offsets_.push_back(characters(echo));
}

Json Wording::head(const char* object) const {
  return {{"id", id_}, {"object", object}, {"created", created_}, {"model", model_.name}};
}

std::string Wording::chunk(Json choice) const {
  Json json = head(call_.kind == CallKind::chat ? "chat.completion.chunk" : "text_completion");
  json["choices"] = Json::array({std::move(choice)});
  if (call_.include_usage) json["usage"] = nullptr;
  return dump(json);
}

std::string Wording::opening(std::size_t choice) const {
  if (call_.kind == CallKind::chat) {
    return chunk({{"index", choice},
                  {"delta", {{"role", "assistant"}, {"content", ""}}},
                  {"logprobs", nullptr},
                  {"finish_reason", nullptr}});
  }
  if (call_.echoes[choice].empty()) return {};
  return chunk({{"index", choice},
                {"text", call_.echoes[choice]},
                {"logprobs", nullptr},
                {"finish_reason", nullptr}});
}

std::string Wording::part(std::size_t choice, const Output& output) {
  const bool tells_tokens = call_.logprobs && !output.tokens.empty();
  if (output.text.empty() && !output.finish && !tells_tokens) return {};
  Json json = {{"index", choice}};
  if (call_.kind == CallKind::chat) {
    json["delta"] = Json::object();
    if (!output.text.empty() || tells_tokens) json["delta"]["content"] = output.text;
  } else {
    json["text"] = output.text;
  }
  json["logprobs"] = tells_tokens ? logprobs(choice, output.tokens) : Json();
  json["finish_reason"] = output.finish ? reason_name(*output.finish) : Json();
  return chunk(std::move(json));
}

std::string Wording::usage_part(const Usage& usage) const {
  Json json = head(call_.kind == CallKind::chat ? "chat.completion.chunk" : "text_completion");
  json["choices"] = Json::array();
  json["usage"] = usage_json(usage);
  return dump(json);
}

std::string Wording::whole(const std::vector<WholeChoice>& choices, const Usage& usage) {
  const bool chat = call_.kind == CallKind::chat;
  Json json = head(chat ? "chat.completion" : "text_completion");
  json["choices"] = Json::array();
  for (std::size_t i = 0; i < choices.size(); ++i) {
    Json item = {{"index", i}};
    if (chat) {
      item["message"] = {{"role", "assistant"}, {"content", choices[i].text}};
    } else {
      item["text"] = call_.echoes[i] + choices[i].text;
    }
    item["logprobs"] = call_.logprobs ? logprobs(i, choices[i].tokens) : Json();
    item["finish_reason"] = reason_name(choices[i].finish);
    json["choices"].push_back(std::move(item));
  }
  json["usage"] = usage_json(usage);
  return dump(json);
}

std::string Wording::text_of(std::int64_t id) const {
  return model_.tokenizer->decode(std::array{id}, false);
}

Json Wording::logprobs(std::size_t choice, const std::vector<GeneratedToken>& tokens) {
  return call_.kind == CallKind::chat ? chat_logprobs(tokens) : completion_logprobs(choice, tokens);
}

Json Wording::chat_logprobs(const std::vector<GeneratedToken>& tokens) const {
  Json content = Json::array();
  for (const GeneratedToken& token : tokens) {
    Json item = chat_token(text_of(token.id), token.logprob);
    item["top_logprobs"] = Json::array();
    for (const TokenLogprob& best : token.best) {
      item["top_logprobs"].push_back(chat_token(text_of(best.id), best.logprob));
    }
    content.push_back(std::move(item));
  }
  return {{"content", std::move(content)}, {"refusal", nullptr}};
}

Json Wording::completion_logprobs(std::size_t choice, const std::vector<GeneratedToken>& tokens) {
  Json texts = Json::array();
  Json logprobs = Json::array();
  Json tops = Json::array();
  Json offsets = Json::array();
  for (const GeneratedToken& token : tokens) {
    const std::string text = text_of(token.id);
    Json top = Json::object();
    for (const TokenLogprob& best : token.best) top[text_of(best.id)] = finite(best.logprob);
    // OpenAI's API has the token that was drawn among the best.
    top[text] = finite(token.logprob);
    texts.push_back(text);
    logprobs.push_back(finite(token.logprob));
    tops.push_back(std::move(top));
    offsets.push_back(std::exchange(offsets_[choice], offsets_[choice] + characters(text)));
  }
  return {{"tokens", std::move(texts)},
          {"token_logprobs", std::move(logprobs)},
          {"top_logprobs", std::move(tops)},
          {"text_offset", std::move(offsets)}};
}

}  // namespace hadal::draf::server
