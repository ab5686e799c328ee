#pragma once

#include "hadal/cli/model_options.h"
#include "hadal/draf/engine/request.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <CLI/App.hpp>

namespace hadal::cli {

/// What `hadal generate` is told. What is empty is as the model's author advises.
struct GenerateArguments {
  ModelOptions model = {};
  std::string prompt;
  std::int64_t max_tokens = 256;
  std::optional<double> temperature = {};
  std::optional<std::int64_t> top_k = {};
  std::optional<double> top_p = {};
  std::optional<double> min_p = {};
  std::optional<double> repetition_penalty = {};
  std::optional<std::uint64_t> seed = {};
  std::vector<std::string> stop = {};
  bool ignore_end = false;
  bool stats = false;
  int threads = 0;
};

void add_generate_options(CLI::App& command, GenerateArguments& arguments);

/// As the command line says, and as the model's author advises where it does not.
draf::SamplingOptions sampling_of(const GenerateArguments& arguments,
                                  const models::GenerationConfig& advised);

}  // namespace hadal::cli
