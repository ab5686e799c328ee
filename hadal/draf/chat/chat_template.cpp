#include "hadal/draf/chat/chat_template.h"

#include "hadal/core/error.h"
#include "hadal/core/text.h"
#include "hadal/core/utf8.h"
#include "hadal/draf/chat/interpreter.h"
#include "hadal/draf/chat/parser.h"

#include <unordered_map>
#include <utility>

namespace hadal::draf {
namespace {

using nlohmann::ordered_json;
using Variables = std::unordered_map<std::string, jinja::Value>;

constexpr std::size_t kMostSource = std::size_t{4} << 20;

void add_members(Variables& variables, const ordered_json& members, std::string_view what) {
  if (members.is_null()) return;
  if (!members.is_object()) throw InvalidArgument(concat("expected an object as ", what));
  for (const auto& [name, value] : members.items()) variables[name] = jinja::from_json(value);
}

Variables variables_of(const Conversation& conversation, const ordered_json& special) {
  Variables variables;
  add_members(variables, special, "the special tokens");
  add_members(variables, conversation.more, "further variables of a conversation");
  variables["messages"] = jinja::from_json(conversation.messages);
  variables["tools"] = jinja::from_json(conversation.tools);
  variables["add_generation_prompt"] = {conversation.add_generation_prompt};
  // transformers passes it always, as null where there are no documents.
  variables.try_emplace("documents", jinja::Value{jinja::None{}});
  return variables;
}

}  // namespace

struct ChatTemplate::Parsed {
  std::string name;
  jinja::Body body;
};

ChatTemplate::ChatTemplate(std::string_view source, std::string name) {
  const std::string place = "chat template " + quote(name);
  if (source.size() > kMostSource) {
    throw FormatError(concat(place, " has ", source.size(), " bytes, more than ", kMostSource));
  }
  if (const auto at = find_invalid_utf8(source)) {
    throw FormatError(concat(place, ": byte ", *at, " is not UTF-8"));
  }
  try {
    parsed_ = std::make_unique<const Parsed>(Parsed{std::move(name), jinja::parse(source)});
  } catch (const jinja::SyntaxError& error) {
    const std::string text = concat(place, ", line ", error.line, ": ", error.text);
    if (error.unsupported) throw Unsupported(text);
    throw FormatError(text);
  } catch (const jinja::Failure& failure) {
    throw FormatError(concat(place, ": ", failure.text));
  }
}

ChatTemplate::~ChatTemplate() = default;
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;

std::string ChatTemplate::render(const Conversation& conversation,
                                 const ordered_json& special) const {
  const std::string place = "chat template " + quote(parsed_->name);
  const auto variables = [&] {
    try {
      return variables_of(conversation, special);
    } catch (const jinja::Failure& failure) {
      throw InvalidArgument(concat(place, ": ", failure.text));
    }
  };
  jinja::Interpreter interpreter(variables());
  try {
    return interpreter.render(parsed_->body);
  } catch (const jinja::Raised& raised) {
    throw InvalidArgument(raised.text, place + " raises this exception for this conversation");
  } catch (const jinja::Failure& failure) {
    throw InvalidArgument(concat(place, ", line ", interpreter.line(), ": ", failure.text));
  }
}

}  // namespace hadal::draf
