// A server over an engine without a model, for the tests beside it:
//   serve_probe [--NAME VALUE]...    prints its address, serves until SIGTERM, and drains
// Ends with 0 where all requests ended by themselves, and with 1 where some were cancelled.
#include "hadal/core/error.h"
#include "hadal/core/interrupt.h"
#include "hadal/draf/chat/chat_template.h"
#include "hadal/draf/server/fake_engine.h"
#include "hadal/draf/server/server.h"

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <map>
#include <string>

namespace {

using namespace hadal::draf;

struct Settings {
  std::map<std::string, double> numbers = {
      {"--step-us", 1000},         {"--capacity", 4096},
      {"--drain-seconds", 10},     {"--header-seconds", 10},
      {"--body-seconds", 60},      {"--idle-seconds", 75},
      {"--write-seconds", 30},     {"--request-seconds", 600},
      {"--max-connections", 4096}, {"--max-output-bytes", 1 << 20},
      {"--context", 4096}};

  double operator[](const std::string& name) const { return numbers.at(name); }
};

Settings read(int count, char** arguments) {
  Settings settings;
  for (int i = 1; i + 1 < count; i += 2) {
    settings.numbers.at(arguments[i]) = std::strtod(arguments[i + 1], nullptr);
  }
  return settings;
}

ServerOptions options_of(const Settings& settings) {
  ServerOptions options{.port = 0, .api_keys = load_api_keys({})};
  options.max_connections = static_cast<std::size_t>(settings["--max-connections"]);
  options.max_output_bytes = static_cast<std::size_t>(settings["--max-output-bytes"]);
  options.header_seconds = settings["--header-seconds"];
  options.body_seconds = settings["--body-seconds"];
  options.idle_seconds = settings["--idle-seconds"];
  options.write_seconds = settings["--write-seconds"];
  options.request_seconds = settings["--request-seconds"];
  return options;
}

/// A template as plain as one can be, which has what tests ask for: order, roles, tools, extras.
std::string render(const Conversation& conversation) {
  std::string text;
  if (!conversation.tools.is_null()) text += "tools" + conversation.tools.dump() + '\n';
  if (!conversation.more.is_null()) text += "more" + conversation.more.dump() + '\n';
  for (const auto& message : conversation.messages) {
    const auto role = message.at("role").get<std::string>();
    if (role == "villain") throw hadal::InvalidArgument("unknown role villain");
    text += role + ": ";
    const auto content = message.find("content");
    if (content != message.end() && content->is_string()) text += content->get<std::string>();
    if (message.contains("tool_calls")) text += message["tool_calls"].dump();
    text += '\n';
  }
  return text;
}

}  // namespace

int main(int count, char** arguments) {
  try {
    const Settings settings = read(count, arguments);
    const hadal::InterruptGuard guard;
    server::FakeEngine engine(
        {.step = std::chrono::microseconds(static_cast<std::int64_t>(settings["--step-us"])),
         .capacity = static_cast<std::size_t>(settings["--capacity"])});
    const ServedModel model{.name = "fake",
                            .context = static_cast<std::int64_t>(settings["--context"]),
                            .tokenizer = std::make_shared<hadal::data::ByteTokenizer>(),
                            .render_chat = render};
    Server it(engine, model, options_of(settings));
    std::cout << it.url() << std::endl;
    return it.run(settings["--drain-seconds"]) ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 2;
  }
}
