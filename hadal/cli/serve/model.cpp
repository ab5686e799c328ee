#include "hadal/cli/serve/model.h"

#include "hadal/cli/ranks_of_model.h"
#include "hadal/draf/chat/chat_template.h"

#include <utility>

#include <CLI/CLI.hpp>

namespace hadal::cli {
namespace {

std::function<std::string(const draf::Conversation&)> renderer_of(const draf::LoadedModel& model) {
  if (model.chat_template.empty()) return {};
  const auto chat = std::make_shared<const draf::ChatTemplate>(model.chat_template, model.name);
  return
      [chat, special = nlohmann::ordered_json(model.special_tokens)](
          const draf::Conversation& conversation) { return chat->render(conversation, special); };
}

}  // namespace

void add_served_model_options(CLI::App& command, ServedModelOptions& options) {
  add_model_options(command, options.model);
  command.add_option("--name", options.name, "What clients call the model (default: its folder)");
  command.add_option("--max-running", options.max_running, "Requests that are computed at a time")
      ->capture_default_str();
  command.add_option("--max-waiting", options.max_waiting, "Requests that wait beyond these")
      ->capture_default_str();
}

RunningModel start_model(const ServedModelOptions& options) {
  draf::EngineOptions engine = engine_options(options.model);
  engine.max_running = options.max_running;
  engine.max_waiting = options.max_waiting;
  RanksOfModel ranks;
  draf::LoadedModel loaded = ranks.load(options.model);
  RunningModel running{.served = {.name = options.name.empty() ? loaded.name : options.name,
                                  .context = loaded.model->shape().context,
                                  .tokenizer = loaded.tokenizer,
                                  .render_chat = renderer_of(loaded),
                                  .sampling = advised_sampling(loaded.defaults)},
                       .engine = {}};
  running.engine = ranks.run(loaded, engine);
  return running;
}

}  // namespace hadal::cli
