#include "hadal/draf/server/api/conversation.h"

#include "hadal/core/error.h"
#include "hadal/core/text.h"
#include "hadal/draf/chat/chat_template.h"
#include "hadal/draf/server/api/error.h"
#include "hadal/draf/server/api/json.h"

#include <algorithm>

namespace hadal::draf::server {
namespace {

using nlohmann::json;

/// Finding a member of Json takes time in proportion to their number, so an object with very many
/// would cost its square.
void check_members(const json& value) {
  constexpr std::size_t kMost = 512;
  if (value.is_object() && value.size() > kMost) {
    throw ApiError(concat("the body: an object has ", value.size(), " members; at most ", kMost,
                          " are taken in a chat"),
                   {});
  }
  if (value.is_structured()) std::ranges::for_each(value, check_members);
}

/// Templates of most models want a text where OpenAI's API allows an array of parts.
void flatten_content(Json& message, const std::string& param) {
  const auto content = message.find("content");
  if (content == message.end() || content->is_null() || content->is_string()) return;
  if (!content->is_array()) wrong_type(param, "a text or an array of parts", json(*content));
  std::string text;
  for (const Json& part : *content) {
    const bool is_text = part.is_object() && part.value("type", Json()) == "text" &&
                         part.contains("text") && part["text"].is_string();
    if (!is_text)
      throw bad_field(param, concat(param, ": only parts of the type \"text\" are served"));
    if (!text.empty()) text += '\n';
    text += part["text"].get_ref<const std::string&>();
  }
  *content = text;
}

/// Clients send the arguments of a tool call as a text that is JSON; templates want the object.
void parse_arguments(Json& message) {
  const auto calls = message.find("tool_calls");
  if (calls == message.end() || !calls->is_array()) return;
  for (Json& call : *calls) {
    if (!call.is_object() || !call.contains("function") || !call["function"].is_object()) continue;
    Json& function = call["function"];
    if (!function.contains("arguments") || !function["arguments"].is_string()) continue;
    const std::string text = function["arguments"].get<std::string>();
    try {
      check_members(parse_body(text));
      function["arguments"] = Json::parse(text);
    } catch (const ApiError&) {
      // It stays a text, as the model wrote it.
    }
  }
}

void check_messages(Json& messages) {
  if (messages.empty()) {
    throw bad_field("messages", "messages: expected at least one message, found none");
  }
  for (std::size_t i = 0; i < messages.size(); ++i) {
    Json& message = messages[i];
    const std::string path = concat("messages[", i, "]");
    if (!message.is_object()) wrong_type(path, "an object", json(message));
    const auto role = message.find("role");
    if (role == message.end())
      throw bad_field(path + ".role", path + ".role: expected a text, found none");
    if (!role->is_string()) wrong_type(path + ".role", "a text", json(*role));
    flatten_content(message, path + ".content");
    parse_arguments(message);
  }
}

/// The array `name`, in the order that the client wrote its members in.
Json array_of(const Fields& fields, const Json& ordered, const char* name) {
  const json* value = fields.find(name);
  if (!value) return nullptr;
  if (!value->is_array()) wrong_type(name, "an array", *value);
  return ordered.at(name);
}

Json read_tools(const Fields& fields, const Json& ordered) {
  Json tools = array_of(fields, ordered, "tools");
  for (const Json& tool : tools) {
    if (!tool.is_object()) wrong_type("tools", "an array of objects", json(tool));
  }
  const json* choice = fields.find("tool_choice");
  if (!choice || *choice == "auto") return tools;
  if (*choice == "none") return nullptr;
  throw bad_field("tool_choice", "tool_choice: only \"auto\" and \"none\" are served");
}

Conversation read_conversation(const Fields& fields, std::string_view body) {
  check_members(fields.whole());
  const Json ordered = Json::parse(body);
  Conversation conversation;
  conversation.messages = array_of(fields, ordered, "messages");
  if (conversation.messages.is_null()) {
    throw bad_field("messages", "messages: expected an array, found none");
  }
  check_messages(conversation.messages);
  conversation.tools = read_tools(fields, ordered);
  if (conversation.tools.empty()) conversation.tools = nullptr;
  conversation.add_generation_prompt = fields.flag("add_generation_prompt", true);
  if (fields.object("chat_template_kwargs")) conversation.more = ordered.at("chat_template_kwargs");
  return conversation;
}

}  // namespace

std::string render_conversation(const Fields& fields, std::string_view body,
                                const ServedModel& model) {
  const Conversation conversation = read_conversation(fields, body);
  if (!model.render_chat) {
    throw ApiError(concat("the model ", quote(model.name), " has no chat template"),
                   {.param = "messages", .code = "no_chat_template"});
  }
  try {
    return model.render_chat(conversation);
  } catch (const InvalidArgument& error) {
    throw bad_field("messages", concat("messages: ", error.what()));
  }
}

}  // namespace hadal::draf::server
