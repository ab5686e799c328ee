#include "hadal/models/llama/generation.h"

#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/core/strict_json.h"
#include "hadal/models/llama/members.h"

namespace hadal::models {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{1} << 20;
constexpr std::size_t kMaxDepth = 32;

std::optional<double> number(const Members& file, const char* name, double least, double most) {
  if (!file.has(name)) return std::nullopt;
  return file.number(name, least, most);
}

std::optional<std::int64_t> integer(const Members& file, const char* name) {
  if (!file.has(name)) return std::nullopt;
  return file.integer(name, 0, (std::int64_t{1} << 31) - 1);
}

GenerationConfig read(const Members& file) {
  GenerationConfig config;
  if (file.has("do_sample")) config.sample = file.get<bool>("do_sample");
  config.temperature = number(file, "temperature", 0, 100);
  config.top_k = integer(file, "top_k");
  config.top_p = number(file, "top_p", 0, 1);
  config.min_p = number(file, "min_p", 0, 1);
  config.repetition_penalty = number(file, "repetition_penalty", 1e-6, 1e6);
  config.max_new_tokens = integer(file, "max_new_tokens");
  config.end_ids = file.ids("eos_token_id");
  return config;
}

}  // namespace

GenerationConfig parse_generation_config(std::string_view text, const std::string& source) {
  const nlohmann::json json = parse_strict_json(text, source, kMaxDepth);
  try {
    return read(Members(json));
  } catch (const FormatError& error) {
    throw FormatError(concat(source, ": ", error.what()), error.hint());
  }
}

GenerationConfig read_generation_config(const std::filesystem::path& folder) {
  const auto file = folder / "generation_config.json";
  if (!std::filesystem::exists(file)) return {};
  return parse_generation_config(read_file(file, kMaxBytes), file.string());
}

}  // namespace hadal::models
