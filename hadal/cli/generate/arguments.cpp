#include "hadal/cli/generate/arguments.h"

#include "hadal/cli/common_options.h"

#include <CLI/CLI.hpp>

namespace hadal::cli {
namespace {

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
  add_model_options(command, arguments.model);
  command.add_option("prompt", arguments.prompt, "The text to go on with; - reads standard input")
      ->required();
  command.add_option("--max-tokens", arguments.max_tokens, "To generate")->capture_default_str();
  add_sampling_options(command, arguments);
  command.add_option("--stop", arguments.stop, "A text to end before; may be given several times")
      ->expected(1)
      ->allow_extra_args(false);
  command.add_flag("--ignore-end", arguments.ignore_end, "Go on where the model would end");
  command.add_flag("--stats", arguments.stats, "Tell the speed at the end");
  add_threads_option(command, arguments.threads);
}

draf::SamplingOptions sampling_of(const GenerateArguments& arguments,
                                  const models::GenerationConfig& advised) {
  draf::SamplingOptions options = advised_sampling(advised);
  options.temperature = arguments.temperature.value_or(options.temperature);
  options.top_k = arguments.top_k.value_or(options.top_k);
  options.top_p = arguments.top_p.value_or(options.top_p);
  options.min_p = arguments.min_p.value_or(options.min_p);
  options.repetition_penalty = arguments.repetition_penalty.value_or(options.repetition_penalty);
  options.seed = arguments.seed;
  return options;
}

}  // namespace hadal::cli
