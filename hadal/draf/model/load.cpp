#include "hadal/draf/model/load.h"

#include "hadal/core/build_info.h"
#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/draf/model/llama.h"
#include "hadal/draf/model/release_pages.h"
#include "hadal/draf/model/tokenizer_config.h"
#include "hadal/models/llama/llama2c.h"
#include "hadal/models/llama/weights.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace hadal::draf {
namespace {

namespace fs = std::filesystem;

std::string name_of(const fs::path& folder) {
  const fs::path whole = fs::weakly_canonical(folder);
  return whole.filename().empty() ? whole.string() : whole.filename().string();
}

/// This rank's part of the model. What of the files was read on the way, as to cut a tensor's
/// columns means to read all of it, takes no memory any more.
std::unique_ptr<const Model> part_of(models::LlamaWeights weights, const LoadOptions& options) {
  std::vector<std::span<const std::byte>> read;
  for (const auto& [name, tensor] : weights.tensors) {
    read.emplace_back(static_cast<const std::byte*>(tensor.const_data_ptr()), tensor.nbytes());
  }
  auto model = make_llama(std::move(weights), options.format, options.ranks);
  if (options.ranks.tensor) release_pages(read);
  return model;
}

std::string digest_of(const models::LlamaConfig& config, const LoadOptions& options) {
  const BuildInfo& build = build_info();
  return sha256(concat(build.version, ' ', build.commit, ' ', static_cast<int>(options.format), ' ',
                       models::llama_config_json(config)));
}

LoadedModel load_llama2c(const models::Llama2cFiles& files, const fs::path& folder,
                         const LoadOptions& options) {
  auto weights = models::read_llama2c(files.model);
  auto tokenizer = data::load_llama2c_tokenizer(files.tokenizer, weights.config.vocabulary);
  const auto end_ids = weights.config.end_ids;
  auto digest = digest_of(weights.config, options);
  return {.name = name_of(folder),
          .model = part_of(std::move(weights), options),
          .tokenizer = std::move(tokenizer),
          .special_tokens = {{"bos_token", "<s>"}, {"eos_token", "</s>"}},
          .end_ids = end_ids,
          .digest = std::move(digest)};
}

/// Those of the files' that say what ends a text; the tokenizer's own where neither does.
std::vector<std::int64_t> end_ids_of(const models::LlamaConfig& config,
                                     const models::GenerationConfig& generation,
                                     const TokenizerConfig& tokenizer_config,
                                     const data::Tokenizer& tokenizer) {
  if (!generation.end_ids.empty()) return generation.end_ids;
  if (!config.end_ids.empty()) return config.end_ids;
  const auto end = tokenizer_config.special_tokens.find("eos_token");
  if (end == tokenizer_config.special_tokens.end()) return {};
  const auto id = tokenizer.token_to_id(end->second);
  return id ? std::vector<std::int64_t>{*id} : std::vector<std::int64_t>{};
}

}  // namespace

LoadedModel load_model(const fs::path& folder, const LoadOptions& options) {
  if (!fs::is_directory(folder)) {
    throw IoError(concat(folder.string(), ": there is no such folder"),
                  "expected the folder of a model, as Hugging Face lays it out; `hadal model make` "
                  "writes one");
  }
  if (const auto files = models::find_llama2c(folder)) {
    return load_llama2c(*files, folder, options);
  }
  // The small files first: what is wrong with them is told before a weight is read.
  auto weights = models::read_llama(folder);
  const auto generation = models::read_generation_config(folder);
  TokenizerConfig tokenizer_config = read_tokenizer_config(folder);
  std::shared_ptr<const data::Tokenizer> tokenizer = data::load_tokenizer(folder);
  auto end_ids = end_ids_of(weights.config, generation, tokenizer_config, *tokenizer);
  auto digest = digest_of(weights.config, options);
  return {.name = name_of(folder),
          .model = part_of(std::move(weights), options),
          .tokenizer = std::move(tokenizer),
          .chat_template = std::move(tokenizer_config.chat_template),
          .special_tokens = std::move(tokenizer_config.special_tokens),
          .end_ids = std::move(end_ids),
          .defaults = generation,
          .digest = std::move(digest)};
}

}  // namespace hadal::draf
