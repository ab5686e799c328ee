#pragma once

#include "hadal/draf/engine/create.h"
#include "hadal/draf/model/load.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include <CLI/App.hpp>

namespace hadal::cli {

/// Which language model to run, and how.
struct ModelOptions {
  std::filesystem::path folder = {};
  std::string format = "bf16";
  std::string attention = "dense";
  double keep = 0.3;
  std::optional<std::filesystem::path> gates = {};
  std::optional<double> cache_gib = {};  ///< a quarter of the memory where empty
  int stages = 1;                        ///< of a pipeline, where several processes run the model
  bool int8_sums = false;                ///< among the processes of a stage
};

void add_model_options(CLI::App& command, ModelOptions& options);

/// Throw InvalidArgument, listing the names or the range, for what is none of them.
draf::LoadOptions load_options(const ModelOptions& options);
draf::EngineOptions engine_options(const ModelOptions& options);

/// What the model's author advises: greedy where its folder says not to sample.
draf::SamplingOptions advised_sampling(const models::GenerationConfig& advice);

}  // namespace hadal::cli
