#pragma once

#include "hadal/data/tokenizer/tokenizer.h"
#include "hadal/draf/linear/linear.h"
#include "hadal/draf/model/model.h"
#include "hadal/draf/parallel/rank_grid.h"
#include "hadal/models/llama/generation.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace hadal::draf {

struct LoadOptions {
  WeightFormat format = WeightFormat::bf16;
  /// Where several ranks hold the model together: this one reads its part of the weights alone.
  RankGrid ranks = {};
};

/// A model with all that its folder says about using it.
struct LoadedModel {
  std::string name;  ///< the folder's
  std::unique_ptr<const Model> model;
  std::shared_ptr<const data::Tokenizer> tokenizer;
  std::string chat_template = {};  ///< Jinja; empty where the model has none
  /// What a template may name: bos_token, eos_token, unk_token, pad_token and the like.
  std::map<std::string, std::string> special_tokens = {};
  std::vector<std::int64_t> end_ids = {};  ///< a text ends at each of these
  models::GenerationConfig defaults = {};  ///< what the model's author advises
  std::string digest = {};  ///< the same for the same program, format and kind of model
};

/// Loads an unmodified Hugging Face folder: config.json, model.safetensors or shards with their
/// index, tokenizer.json or SentencePiece's tokenizer.model, and, where there are any,
/// generation_config.json, tokenizer_config.json, special_tokens_map.json and chat_template.jinja.
/// Also a folder in the format of llama2.c (one model and one tok*.bin). Weights are mapped, and
/// copied only where `format` is another than theirs. All of the folder is checked before that.
/// Throws IoError, FormatError and Unsupported, with one message for all that is wrong with the
/// weights, and InvalidArgument where the format does not suit the model.
LoadedModel load_model(const std::filesystem::path& folder, const LoadOptions& options = {});

}  // namespace hadal::draf
