#pragma once

#include "hadal/core/error.h"
#include "hadal/core/utf8.h"
#include "hadal/draf/chat/chat_template.h"
#include "hadal/testing/require.h"

#include <optional>
#include <string>
#include <string_view>

namespace hadal::draf {

/// Loads hostile bytes as a chat template and renders a conversation with it; holds that the prompt
/// is UTF-8 and, where no clock is read, the same again.
inline void exercise_template(std::string_view bytes) {
  using hadal::testing::require;
  using nlohmann::ordered_json;
  static const ordered_json kCall = {
      {"type", "function"},
      {"function", {{"name", "look"}, {"arguments", {{"at", "it"}, {"n", 2}, {"x", nullptr}}}}}};
  static const Conversation kConversation{
      .messages = ordered_json::array(
          {{{"role", "system"}, {"content", " Be kind.\n"}},
           {{"role", "user"}, {"content", "H\u00e9 \U0001F600"}},
           {{"role", "assistant"}, {"content", ""}, {"tool_calls", ordered_json::array({kCall})}},
           {{"role", "tool"}, {"content", "[1.5]"}}}),
      .tools = ordered_json::array({kCall}),
      .more = {{"n", 3}, {"t", "a b,c"}, {"l", {1, 2, 3}}, {"d", {{"a", 1}, {"b", {2.5, true}}}}}};
  std::optional<ChatTemplate> chat;
  try {
    chat.emplace(bytes, "input");
  } catch (const Error&) {
    return;
  }
  const auto render = [&] {
    try {
      return chat->render(kConversation, {{"bos_token", "<s>"}, {"eos_token", "</s>"}});
    } catch (const InvalidArgument&) {
      return std::string();
    }
  };
  const std::string text = render();
  require(!find_invalid_utf8(text));
  require(bytes.find("strftime_now") != bytes.npos || render() == text);
}

}  // namespace hadal::draf
