#include "hadal/cli/model_options.h"

#include "hadal/core/error.h"
#include "hadal/core/names.h"
#include "hadal/core/process_group/rendezvous.h"
#include "hadal/core/system.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <string_view>

#include <CLI/CLI.hpp>

namespace hadal::cli {
namespace {

// In the order of the enumerations.
constexpr std::array<std::string_view, 4> kAttentions = {"dense", "shadow", "canary", "dao"};
constexpr std::array<std::string_view, 4> kFormats = {"fp32", "bf16", "int8", "int4"};

/// Processes of this job on this machine, as torchrun and `hadal launch` say.
std::int64_t local_ranks() {
  const auto text = process_environment("LOCAL_WORLD_SIZE");
  return text ? std::max(1, std::atoi(text->c_str())) : 1;
}

std::int64_t cache_bytes(const std::optional<double>& gib) {
  constexpr double kGib = 1 << 30;
  constexpr double kMostGib = 1 << 20;
  if (!gib) return system_info().memory_bytes / (4 * local_ranks());
  if (*gib > 0 && *gib <= kMostGib) return std::llround(*gib * kGib);
  throw InvalidArgument(
      concat("--cache-gib must be above 0 and at most ", kMostGib, ", got ", *gib));
}

}  // namespace

void add_model_options(CLI::App& command, ModelOptions& options) {
  command.add_option("model", options.folder, "The folder of a Hugging Face model")->required();
  command.add_option("--format", options.format, "Of the weights: fp32, bf16, int8 or int4")
      ->capture_default_str();
  command
      .add_option("--attention", options.attention,
                  "dense, dao (a part of the keys), or shadow and canary, which compare the two")
      ->capture_default_str();
  command.add_option("--keep", options.keep, "Share of the keys that dao looks at")
      ->capture_default_str();
  command.add_option("--gates", options.gates, "Trained gates for dao; otherwise Quest's bounds");
  command.add_option("--cache-gib", options.cache_gib,
                     "Memory for keys and values, in GiB; otherwise a quarter of the machine's");
  command
      .add_option("--pipeline-parallel-size", options.stages,
                  "Stages that the layers are dealt out to; the ranks of each share its layers")
      ->capture_default_str()
      ->check(CLI::Range(1, 1024));
  command.add_flag("--int8-sums", options.int8_sums,
                   "Let sums among the ranks of a stage, of two or three, travel in 8 bits");
}

draf::LoadOptions load_options(const ModelOptions& options) {
  return {.format = parse_name<draf::WeightFormat>(options.format, "weight format", kFormats)};
}

draf::EngineOptions engine_options(const ModelOptions& options) {
  return {.cache_bytes = cache_bytes(options.cache_gib),
          .sparsity = {
              .mode = parse_name<dao::Mode>(options.attention, "kind of attention", kAttentions),
              .keep = options.keep,
              .gates = options.gates}};
}

draf::SamplingOptions advised_sampling(const models::GenerationConfig& advice) {
  draf::SamplingOptions sampling;
  sampling.temperature =
      advice.sample == false ? 0 : advice.temperature.value_or(sampling.temperature);
  sampling.top_k = advice.top_k.value_or(sampling.top_k);
  sampling.top_p = advice.top_p.value_or(sampling.top_p);
  sampling.min_p = advice.min_p.value_or(sampling.min_p);
  sampling.repetition_penalty = advice.repetition_penalty.value_or(sampling.repetition_penalty);
  return sampling;
}

}  // namespace hadal::cli
