#include "hadal/data/tokenizer/bpe_tokenizer.h"

#include "hadal/core/error.h"
#include "hadal/core/utf8.h"
#include "hadal/data/tokenizer/bpe_reader.h"
#include "hadal/data/tokenizer/pattern.h"

#include <algorithm>

namespace hadal::data {

BpeTokenizer::BpeTokenizer(const JsonNode& file)
    : model_(read_bpe_model(file.at("model"))),
      normalizer_(read_normalizer(file.at("normalizer"))),
      vocabulary_size_(static_cast<std::int64_t>(model_.tables().tokens.size())),
      pre_tokenizer_(read_pre_tokenizer(file.at("pre_tokenizer"), !normalizer_)),
      decoder_(read_decoder(file.at("decoder"))) {
  const auto added = read_added_tokens(file.at("added_tokens"), model_.tables(), normalizer_);
  for (const AddedToken& token : added) {
    added_ids_.emplace(token.content, token.id);
    added_spellings_.emplace(token.id, token.spelling);
    if (token.special) special_.insert(token.content);
    vocabulary_size_ = std::max(vocabulary_size_, token.id + 1);
  }
  finders_ = make_finders(added);
  surround_ =
      read_post_processor(file.at("post_processor"), static_cast<std::size_t>(vocabulary_size_));
}

std::vector<std::int64_t> BpeTokenizer::encode(std::string_view text,
                                               bool add_special_tokens) const {
  if (const auto invalid = find_invalid_utf8(text)) {
    throw InvalidArgument(concat("the text is not UTF-8: byte ", *invalid, " of ", text.size(),
                                 " starts no character"),
                          "convert the text to UTF-8, or use a byte tokenizer");
  }
  Ids ids;
  if (add_special_tokens) ids = surround_.before;
  for (const Segment& segment : finders_.exact.cut(text)) {
    if (segment.id) {
      ids.push_back(*segment.id);
    } else {
      encode_normalized(text.substr(segment.begin, segment.end - segment.begin), segment.begin == 0,
                        ids);
    }
  }
  if (add_special_tokens) ids.insert(ids.end(), surround_.after.begin(), surround_.after.end());
  return ids;
}

/// `text` is to be normalized, and has no added tokens of the exact kind.
void BpeTokenizer::encode_normalized(std::string_view text, bool starts_text, Ids& ids) const {
  std::string normalized(text);
  if (normalizer_) normalized = normalizer_(std::move(normalized), max_expansion(text.size()));
  for (const Segment& segment : finders_.normalized.cut(normalized)) {
    if (segment.id) {
      ids.push_back(*segment.id);
    } else {
      const std::string_view part = normalized;
      encode_pieces(part.substr(segment.begin, segment.end - segment.begin),
                    starts_text && segment.begin == 0, ids);
    }
  }
}

void BpeTokenizer::encode_pieces(std::string_view text, bool starts_text, Ids& ids) const {
  std::vector<std::string> pieces{std::string(text)};
  for (const PreTokenizer& step : pre_tokenizer_) step(pieces, starts_text);
  for (const std::string& piece : pieces) model_.encode(piece, ids);
}

std::string BpeTokenizer::decode(std::span<const std::int64_t> ids,
                                 bool skip_special_tokens) const {
  std::vector<std::string> tokens;
  std::size_t bytes = 0;
  for (const std::int64_t id : ids) {
    std::string token = id_to_token(id);
    // Told by its spelling, so that one that the normalizer changes stays, as in the reference.
    if (skip_special_tokens && special_.contains(token)) continue;
    bytes += token.size();
    tokens.push_back(std::move(token));
  }
  decoder_(tokens, max_expansion(bytes));
  std::string text;
  for (const std::string& token : tokens) text += token;
  return text;
}

std::optional<std::int64_t> BpeTokenizer::token_to_id(std::string_view token) const {
  if (const auto added = added_ids_.find(token); added != added_ids_.end()) return added->second;
  const auto& ids = model_.tables().ids;
  if (const auto known = ids.find(token); known != ids.end()) return known->second;
  return std::nullopt;
}

std::string BpeTokenizer::id_to_token(std::int64_t id) const {
  if (id < 0 || id >= vocabulary_size_) {
    throw InvalidArgument(concat("token id ", id, " is not in [0, ", vocabulary_size_, ")"),
                          "the ids come from another tokenizer, or from a model with a larger "
                          "vocabulary");
  }
  if (const auto added = added_spellings_.find(id); added != added_spellings_.end()) {
    return added->second;
  }
  return model_.tables().tokens[static_cast<std::size_t>(id)];
}

}  // namespace hadal::data
