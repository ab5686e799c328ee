#include "hadal/cli/serve/model.h"

#include "hadal/core/error.h"
#include "hadal/core/names.h"
#include "hadal/draf/chat/chat_template.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>

namespace hadal::cli {
namespace {

constexpr std::array<std::string_view, 4> kWeights = {"fp32", "bf16", "int8", "int4"};
constexpr std::array<std::string_view, 4> kAttention = {"dense", "shadow", "canary", "dao"};

draf::EngineOptions engine_options(const ModelArguments& arguments) {
  constexpr double kGib = 1 << 30;
  constexpr double kMostGib = 1 << 20;
  if (!(arguments.cache_gib > 0 && arguments.cache_gib <= kMostGib)) {
    throw InvalidArgument(concat("--cache-gib must be above 0 and at most ", kMostGib, ", got ",
                                 arguments.cache_gib));
  }
  draf::EngineOptions options{
      .cache_bytes = static_cast<std::int64_t>(std::llround(arguments.cache_gib * kGib)),
      .max_running = arguments.max_running,
      .max_waiting = arguments.max_waiting};
  options.sparsity.mode =
      parse_name<dao::Mode>(arguments.attention, "kind of attention", kAttention);
  options.sparsity.keep = arguments.keep;
  return options;
}

/// What the model's author advises, as far as a server takes it over: what vLLM does, too.
draf::SamplingOptions sampling_of(const models::GenerationConfig& advice) {
  draf::SamplingOptions sampling;
  sampling.temperature = advice.temperature.value_or(sampling.temperature);
  sampling.top_k = advice.top_k.value_or(sampling.top_k);
  sampling.top_p = advice.top_p.value_or(sampling.top_p);
  sampling.min_p = advice.min_p.value_or(sampling.min_p);
  sampling.repetition_penalty = advice.repetition_penalty.value_or(sampling.repetition_penalty);
  return sampling;
}

std::function<std::string(const draf::Conversation&)> renderer_of(const draf::LoadedModel& model) {
  if (model.chat_template.empty()) return {};
  const auto chat = std::make_shared<const draf::ChatTemplate>(model.chat_template, model.name);
  return
      [chat, special = nlohmann::ordered_json(model.special_tokens)](
          const draf::Conversation& conversation) { return chat->render(conversation, special); };
}

}  // namespace

void add_model_options(CLI::App& command, ModelArguments& arguments) {
  command.add_option("model", arguments.folder, "The folder of a Hugging Face model")->required();
  command.add_option("--name", arguments.name, "What clients call the model (default: its folder)");
  command.add_option("--weights", arguments.weights, "fp32, bf16, int8 or int4")
      ->capture_default_str();
  command
      .add_option("--attention", arguments.attention,
                  "dense, dao, or shadow and canary, which compare the two")
      ->capture_default_str();
  command.add_option("--keep", arguments.keep, "Share of the attention that DAO computes")
      ->capture_default_str();
  command.add_option("--cache-gib", arguments.cache_gib, "Memory for keys and values, in GiB")
      ->capture_default_str();
  command
      .add_option("--max-running", arguments.max_running, "Requests that are computed at a time")
      ->capture_default_str();
  command.add_option("--max-waiting", arguments.max_waiting, "Requests that wait beyond these")
      ->capture_default_str();
}

RunningModel start_model(const ModelArguments& arguments) {
  const auto options = engine_options(arguments);
  draf::LoadedModel loaded = draf::load_model(
      arguments.folder,
      {.format = parse_name<draf::WeightFormat>(arguments.weights, "weight format", kWeights)});
  RunningModel running{.served = {.name = arguments.name.empty() ? loaded.name : arguments.name,
                                  .context = loaded.model->shape().context,
                                  .tokenizer = loaded.tokenizer,
                                  .render_chat = renderer_of(loaded),
                                  .sampling = sampling_of(loaded.defaults)},
                       .engine = {}};
  running.engine = draf::start_engine(
      {.model = std::move(loaded.model), .tokenizer = loaded.tokenizer, .end_ids = loaded.end_ids},
      options);
  return running;
}

}  // namespace hadal::cli
