#include "hadal/cli/serve/command.h"

#include "hadal/cli/common_options.h"
#include "hadal/cli/exit_code.h"
#include "hadal/cli/serve/model.h"
#include "hadal/core/error.h"
#include "hadal/core/interrupt.h"
#include "hadal/draf/server/server.h"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

namespace hadal::cli {
namespace {

struct Arguments {
  ServedModelOptions model;
  draf::ServerOptions server;
  std::optional<std::filesystem::path> api_key_file;
  double drain_seconds = 30;
  int threads = 0;
};

int serve(Arguments arguments) {
  arguments.server.api_keys = draf::load_api_keys(arguments.api_key_file);
  draf::check(arguments.server);  // before a model is loaded
  use_threads(arguments.threads);
  const InterruptGuard guard;
  const RunningModel model = start_model(arguments.model);
  if (!model.engine) return kDone;
  draf::Server server(*model.engine, model.served, arguments.server);
  std::fprintf(stderr, "hadal: serving %s at %s\n", model.served.name.c_str(),
               server.url().c_str());
  if (server.run(arguments.drain_seconds)) return kDone;
  throw Interrupted("stopped before all requests had ended",
                    "--drain-seconds says how long they may take");
}

void add_server_options(CLI::App& command, Arguments& arguments) {
  draf::ServerOptions& server = arguments.server;
  command.add_option("--host", server.host, "IP address to listen on")->capture_default_str();
  command.add_option("--port", server.port, "0: any that is free")->capture_default_str();
  command.add_option("--api-key-file", arguments.api_key_file,
                     "File of API keys, one a line; HADAL_API_KEY is one too");
  command.add_flag("--insecure-no-key", server.insecure_no_key,
                   "Serve other machines without a key");
  command.add_option("--allowed-host", server.allowed_hosts,
                     "Further name that clients may call this server by");
  command.add_option("--max-connections", server.max_connections, "At a time")
      ->capture_default_str();
  command
      .add_option("--max-prompt-tokens", server.max_prompt_tokens,
                  "0: as the model's context allows")
      ->capture_default_str();
  command.add_option("--request-seconds", server.request_seconds, "What a request may take")
      ->capture_default_str();
  command
      .add_option("--drain-seconds", arguments.drain_seconds,
                  "What requests may take to end after Ctrl-C or SIGTERM")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1e6));
}

}  // namespace

void add_serve_command(CLI::App& app, std::function<int()>& chosen) {
  CLI::App& command =
      *app.add_subcommand("serve", "Serve a language model over OpenAI's API, with a page to chat");
  const auto arguments = std::make_shared<Arguments>();
  add_served_model_options(command, arguments->model);
  add_server_options(command, *arguments);
  add_threads_option(command, arguments->threads);
  command.footer(
      "Ctrl-C and SIGTERM let requests end: 0 where all did, 130 where some were cut off. A second "
      "signal ends at\nonce. An API key is never an argument, which other users of the machine "
      "could see.");
  command.callback([arguments, &chosen] { chosen = [arguments] { return serve(*arguments); }; });
}

}  // namespace hadal::cli
