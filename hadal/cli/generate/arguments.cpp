#include "hadal/cli/generate/arguments.h"

#include "hadal/cli/common_options.h"
#include "hadal/core/names.h"

#include <array>

#include <CLI/CLI.hpp>

namespace hadal::cli {
namespace {

// In the order of the enumerations.
constexpr std::array<std::string_view, 4> kAttentions = {"dense", "shadow", "canary", "dao"};
constexpr std::array<std::string_view, 4> kFormats = {"fp32", "bf16", "int8", "int4"};

void add_sampling_options(CLI::App& command, GenerateArguments& arguments) {
  command.add_option("--temperature", arguments.temperature, "0: always the most probable token");
  command.add_option("--top-k", arguments.top_k, "Draw from this many most probable; 0: from all");
  command.add_option("--top-p", arguments.top_p, "Draw from the fewest that hold this share");
  command.add_option("--min-p", arguments.min_p, "Draw from those with this share of the best's");
  command.add_option("--repetition-penalty", arguments.repetition_penalty,
                     "Above 1: against what was there before");
  command.add_option("--seed", arguments.seed, "Of the draws; otherwise a new one each time");
}

}  // namespace

void add_generate_options(CLI::App& command, GenerateArguments& arguments) {
  command.add_option("model", arguments.model, "A Hugging Face folder")->required();
  command.add_option("prompt", arguments.prompt, "The text to go on with; - reads standard input")
      ->required();
  command.add_option("--max-tokens", arguments.max_tokens, "To generate")->capture_default_str();
  add_sampling_options(command, arguments);
  command.add_option("--stop", arguments.stop, "A text to end before; may be given several times")
      ->expected(1)
      ->allow_extra_args(false);
  command.add_flag("--ignore-end", arguments.ignore_end, "Go on where the model would end");
  command
      .add_option("--attention", arguments.attention,
                  "dense, dao (a part of the keys), shadow or canary")
      ->capture_default_str();
  command.add_option("--keep", arguments.keep, "Share of the keys that dao looks at")
      ->capture_default_str();
  command.add_option("--gates", arguments.gates, "Trained gates for dao; otherwise Quest's bounds");
  command.add_option("--format", arguments.format, "Of the weights: fp32, bf16, int8 or int4")
      ->capture_default_str();
  command.add_flag("--stats", arguments.stats, "Tell the speed at the end");
  add_threads_option(command, arguments.threads);
}

draf::SamplingOptions sampling_of(const GenerateArguments& arguments,
                                  const models::GenerationConfig& advised) {
  draf::SamplingOptions options;
  const bool greedy = advised.sample == false;
  options.temperature =
      arguments.temperature.value_or(greedy ? 0 : advised.temperature.value_or(1));
  options.top_k = arguments.top_k.value_or(advised.top_k.value_or(0));
  options.top_p = arguments.top_p.value_or(advised.top_p.value_or(1));
  options.min_p = arguments.min_p.value_or(advised.min_p.value_or(0));
  options.repetition_penalty =
      arguments.repetition_penalty.value_or(advised.repetition_penalty.value_or(1));
  options.seed = arguments.seed;
  return options;
}

dao::Mode parse_attention(const std::string& name) {
  return parse_name<dao::Mode>(name, "kind of attention", kAttentions);
}

draf::WeightFormat parse_format(const std::string& name) {
  return parse_name<draf::WeightFormat>(name, "weight format", kFormats);
}

}  // namespace hadal::cli
