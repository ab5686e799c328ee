#include "hadal/draf/parallel/command.h"

#include "hadal/core/error.h"

#include <optional>

#include <nlohmann/json.hpp>

namespace hadal::draf {

using nlohmann::json;

namespace {

/// Calls visit(name, member) for each member that goes over the wire.
template <class Options, class Visit>
void visit_options(Options& options, const Visit& visit) {
  visit("temperature", options.temperature);
  visit("top_k", options.top_k);
  visit("top_p", options.top_p);
  visit("min_p", options.min_p);
  visit("repetition_penalty", options.repetition_penalty);
  visit("presence_penalty", options.presence_penalty);
  visit("frequency_penalty", options.frequency_penalty);
  visit("logit_bias", options.logit_bias);
  visit("seed", options.seed);
}

template <class Submitted, class Visit>
void visit_submission(Submitted& submission, const Visit& visit) {
  auto& request = submission.request;
  visit("id", submission.id);
  visit("draws", submission.seed);
  visit("prompt", request.prompt);
  visit("max_tokens", request.max_tokens);
  visit("stop", request.stop);
  visit("ignore_end", request.ignore_end);
  visit("logprobs", request.logprobs);
  visit_options(request.sampling, visit);
}

template <class Whole, class Visit>
void visit_command(Whole& command, const Visit& visit) {
  visit("arrived", command.arrived);
  visit("cancelled", command.cancelled);
  visit("step", command.step);
  visit("end", command.end);
  visit("steps", command.steps);
  visit("digest", command.digest);
}

/// Writes members; an empty optional one is left out.
struct Write {
  json& to;

  template <class T>
  void operator()(const char* name, const T& member) const {
    to[name] = member;
  }
  template <class T>
  void operator()(const char* name, const std::optional<T>& member) const {
    if (member) to[name] = *member;
  }
};

struct Read {
  const json& from;

  template <class T>
  void operator()(const char* name, T& member) const {
    from.at(name).get_to(member);
  }
  template <class T>
  void operator()(const char* name, std::optional<T>& member) const {
    if (from.contains(name)) member = from.at(name).get<T>();
  }
};

}  // namespace

// Found by nlohmann's library by their names.
static void to_json(json& to, const Submission& submission) {
  visit_submission(submission, Write{to});
}
static void from_json(const json& from, Submission& submission) {
  visit_submission(submission, Read{from});
}

std::vector<std::uint8_t> bytes_of(const Command& command) {
  json to;
  visit_command(command, Write{to});
  return json::to_cbor(to);
}

Command command_of(std::span<const std::uint8_t> bytes) {
  try {
    const json from = json::from_cbor(bytes.begin(), bytes.end());
    Command command;
    visit_command(command, Read{from});
    return command;
  } catch (const json::exception& error) {
    throw FormatError(
        concat("a command between the ranks of an engine is malformed: ", error.what()));
  }
}

}  // namespace hadal::draf
