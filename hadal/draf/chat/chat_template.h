#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace hadal::draf {

/// What a template turns into a prompt. The fields have the names and the shapes of OpenAI's chat
/// API and of transformers' apply_chat_template().
struct Conversation {
  nlohmann::ordered_json messages;    ///< array of objects, "role" and "content"
  nlohmann::ordered_json tools = {};  ///< array of function descriptions, or null
  bool add_generation_prompt = true;  ///< end with what starts the assistant's turn
  nlohmann::ordered_json more = {};   ///< further variables (an object), or null
};

/// A Hugging Face chat template: the part of Jinja2 that the templates of published models use,
/// with transformers' settings (trim_blocks, lstrip_blocks, loop controls, `generation` blocks) and
/// its functions (raise_exception, strftime_now, tojson). Immutable: any threads may share one.
class ChatTemplate {
 public:
  /// Parses. `name` stands in messages. Throws FormatError for what is no Jinja, and Unsupported
  /// for a tag outside of the part that is known, both with the line. An unknown filter or test
  /// fails where it is used, since a template may ask first whether there is one.
  ChatTemplate(std::string_view source, std::string name);
  ~ChatTemplate();
  ChatTemplate(ChatTemplate&&) noexcept;
  ChatTemplate& operator=(ChatTemplate&&) noexcept;

  /// The prompt. `special` holds the special tokens that templates name, such as bos_token (object
  /// of strings). Throws InvalidArgument where the template raises an exception (its own text) or
  /// fails on this conversation (with the line), and where it would take too many steps or bytes.
  std::string render(const Conversation& conversation, const nlohmann::ordered_json& special) const;

 private:
  struct Parsed;
  std::unique_ptr<const Parsed> parsed_;
};

}  // namespace hadal::draf
