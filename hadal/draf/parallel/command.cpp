#include "hadal/draf/parallel/command.h"

#include "hadal/core/error.h"

#include <nlohmann/json.hpp>

namespace hadal::draf {

using nlohmann::json;

// Found by nlohmann's library by their names.
static void to_json(json& to, const SamplingOptions& options) {
  to = {{"temperature", options.temperature},
        {"top_k", options.top_k},
        {"top_p", options.top_p},
        {"min_p", options.min_p},
        {"repetition_penalty", options.repetition_penalty},
        {"presence_penalty", options.presence_penalty},
        {"frequency_penalty", options.frequency_penalty},
        {"logit_bias", options.logit_bias}};
  if (options.seed) to["seed"] = *options.seed;
}

static void from_json(const json& from, SamplingOptions& options) {
  from.at("temperature").get_to(options.temperature);
  from.at("top_k").get_to(options.top_k);
  from.at("top_p").get_to(options.top_p);
  from.at("min_p").get_to(options.min_p);
  from.at("repetition_penalty").get_to(options.repetition_penalty);
  from.at("presence_penalty").get_to(options.presence_penalty);
  from.at("frequency_penalty").get_to(options.frequency_penalty);
  from.at("logit_bias").get_to(options.logit_bias);
  if (from.contains("seed")) options.seed = from.at("seed").get<std::uint64_t>();
}

static void to_json(json& to, const Submission& submission) {
  const Request& request = submission.request;
  to = {{"id", submission.id},
        {"seed", submission.seed},
        {"prompt", request.prompt},
        {"max_tokens", request.max_tokens},
        {"sampling", request.sampling},
        {"stop", request.stop},
        {"ignore_end", request.ignore_end}};
  if (request.logprobs) to["logprobs"] = *request.logprobs;
}

static void from_json(const json& from, Submission& submission) {
  Request& request = submission.request;
  from.at("id").get_to(submission.id);
  from.at("seed").get_to(submission.seed);
  from.at("prompt").get_to(request.prompt);
  from.at("max_tokens").get_to(request.max_tokens);
  from.at("sampling").get_to(request.sampling);
  from.at("stop").get_to(request.stop);
  from.at("ignore_end").get_to(request.ignore_end);
  if (from.contains("logprobs")) request.logprobs = from.at("logprobs").get<std::int64_t>();
}

std::vector<std::uint8_t> bytes_of(const Command& command) {
  return json::to_cbor({{"arrived", command.arrived},
                        {"cancelled", command.cancelled},
                        {"step", command.step},
                        {"end", command.end},
                        {"steps", command.steps},
                        {"digest", command.digest}});
}

Command command_of(std::span<const std::uint8_t> bytes) {
  try {
    const json from = json::from_cbor(bytes.begin(), bytes.end());
    Command command;
    from.at("arrived").get_to(command.arrived);
    from.at("cancelled").get_to(command.cancelled);
    from.at("step").get_to(command.step);
    from.at("end").get_to(command.end);
    from.at("steps").get_to(command.steps);
    from.at("digest").get_to(command.digest);
    return command;
  } catch (const json::exception& error) {
    throw FormatError(
        concat("a command between the ranks of an engine is malformed: ", error.what()));
  }
}

}  // namespace hadal::draf
