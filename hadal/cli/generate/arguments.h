#pragma once

#include "hadal/dao/guard/sparse_attention.h"
#include "hadal/draf/engine/request.h"
#include "hadal/draf/linear/linear.h"
#include "hadal/models/llama/generation.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <CLI/App.hpp>

namespace hadal::cli {

/// What `hadal generate` is told. What is empty is as the model's author advises.
struct GenerateArguments {
  std::filesystem::path model;
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
  std::string attention = "dense";
  double keep = 0.3;
  std::optional<std::filesystem::path> gates = {};
  std::string format = "bf16";
  bool stats = false;
  int threads = 0;
};

void add_generate_options(CLI::App& command, GenerateArguments& arguments);

draf::SamplingOptions sampling_of(const GenerateArguments& arguments,
                                  const models::GenerationConfig& advised);
/// Throw InvalidArgument, listing the names, for another one.
dao::Mode parse_attention(const std::string& name);
draf::WeightFormat parse_format(const std::string& name);

}  // namespace hadal::cli
