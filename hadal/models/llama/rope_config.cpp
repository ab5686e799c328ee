#include "hadal/models/llama/rope_config.h"

#include "hadal/core/text.h"

#include <cmath>

namespace hadal::models {
namespace {

constexpr double kMostFactor = 1e6;
constexpr std::int64_t kMostPositions = (std::int64_t{1} << 31) - 1;

RopeScaling scaling_of(const Members& parameters) {
  const char* member = parameters.has("rope_type") ? "rope_type" : "type";
  const auto name = parameters.get_or<std::string>(member, "default");
  std::string known;
  for (const RopeScaling choice : choices_of(static_cast<const RopeScaling*>(nullptr))) {
    if (name == name_of(choice)) return choice;
    known += concat(known.empty() ? "" : ", ", name_of(choice));
  }
  throw Unsupported(concat(parameters.path(member), ": the scaling ", quote(name),
                           " is not supported; known are ", known));
}

/// Peng et al., 2023, section 3.4.
double magnitude(double factor, double weight) {
  return factor <= 1 ? 1.0 : 0.1 * weight * std::log(factor) + 1.0;
}

void read_yarn(const Members& parameters, RopeConfig& rope) {
  rope.fast = parameters.number_or("beta_fast", rope.fast, 0, kMostFactor);
  rope.slow = parameters.number_or("beta_slow", rope.slow, 0, kMostFactor);
  // transformers takes 0 for "not given".
  if (rope.fast == 0) rope.fast = 32;
  if (rope.slow == 0) rope.slow = 1;
  rope.truncate = parameters.get_or("truncate", true);
  const double scale = parameters.number_or("mscale", 0, 0, kMostFactor);
  const double scale_all = parameters.number_or("mscale_all_dim", 0, 0, kMostFactor);
  const double inferred = scale > 0 && scale_all > 0
                              ? magnitude(rope.factor, scale) / magnitude(rope.factor, scale_all)
                              : magnitude(rope.factor, 1);
  rope.attention_factor = parameters.number_or("attention_factor", inferred, 0, kMostFactor);
}

std::int64_t trained_positions(const Members& file, const Members& parameters,
                               std::int64_t positions) {
  // transformers lets the one beside the settings win over the one among them.
  const char* name = "original_max_position_embeddings";
  if (file.has(name)) return file.integer(name, 1, kMostPositions);
  return parameters.has(name) ? parameters.integer(name, 1, kMostPositions) : positions;
}

void read_llama3(const Members& parameters, RopeConfig& rope) {
  rope.low_frequency = parameters.number("low_freq_factor", 1e-6, kMostFactor);
  rope.high_frequency = parameters.number("high_freq_factor", 1e-6, kMostFactor);
  if (rope.high_frequency <= rope.low_frequency) {
    json_detail::refuse(parameters.path("high_freq_factor"),
                        concat("more than low_freq_factor, ", rope.low_frequency),
                        concat(rope.high_frequency));
  }
}

/// The object that holds the settings; null where there is none.
const char* parameters_member(const Members& file) {
  for (const char* name : {"rope_scaling", "rope_parameters"}) {
    if (file.has(name) && !file.at(name).empty()) return name;
  }
  return nullptr;
}

}  // namespace

RopeConfig read_rope_config(const Members& file, std::int64_t positions) {
  static const nlohmann::json kNone = nlohmann::json::object();
  const char* member = parameters_member(file);
  const Members parameters(member == nullptr ? kNone : file.at(member),
                           member == nullptr ? "rope_parameters" : member);
  for (const char* layers : {"full_attention", "sliding_attention"}) {
    if (parameters.has(layers)) {
      throw Unsupported(concat(parameters.path(layers), ": rotary settings that differ between ",
                               "layers are not supported"));
    }
  }
  for (const Members* place : {&file, &parameters}) {
    if (place->number_or("partial_rotary_factor", 1, 0, kMostFactor) != 1) {
      throw Unsupported(concat(place->path("partial_rotary_factor"), ": heads that are turned in ",
                               "part only are not supported"));
    }
  }
  RopeConfig rope;
  const Members& theta = parameters.has("rope_theta") ? parameters : file;
  rope.theta = theta.number_or("rope_theta", rope.theta, 1.0001, 1e12);
  rope.scaling = scaling_of(parameters);
  if (rope.scaling == RopeScaling::none) return rope;
  rope.factor = parameters.number("factor", 1, kMostFactor);
  rope.trained = positions;
  if (rope.scaling == RopeScaling::llama3 || rope.scaling == RopeScaling::yarn) {
    rope.trained = trained_positions(file, parameters, positions);
  }
  if (rope.scaling == RopeScaling::llama3) read_llama3(parameters, rope);
  if (rope.scaling == RopeScaling::yarn) read_yarn(parameters, rope);
  return rope;
}

}  // namespace hadal::models
