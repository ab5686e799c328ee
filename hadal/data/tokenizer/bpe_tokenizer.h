#pragma once

#include "hadal/data/tokenizer/added_tokens.h"
#include "hadal/data/tokenizer/bpe_model.h"
#include "hadal/data/tokenizer/decoder.h"
#include "hadal/data/tokenizer/json_node.h"
#include "hadal/data/tokenizer/normalizer.h"
#include "hadal/data/tokenizer/post_processor.h"
#include "hadal/data/tokenizer/pre_tokenizer.h"
#include "hadal/data/tokenizer/tokenizer.h"

#include <unordered_set>

namespace hadal::data {

/// The whole way from a text to ids: added tokens are cut out, the rest is normalized, normalized
/// added tokens are cut out, and what remains is cut by the pre-tokenizer and encoded by the model.
class BpeTokenizer final : public Tokenizer {
 public:
  /// Reads a whole tokenizer.json. Throws FormatError and Unsupported.
  explicit BpeTokenizer(const JsonNode& file);

  std::vector<std::int64_t> encode(std::string_view text,
                                   bool add_special_tokens = true) const override;
  std::string decode(std::span<const std::int64_t> ids,
                     bool skip_special_tokens = true) const override;
  std::int64_t vocabulary_size() const override { return vocabulary_size_; }
  std::optional<std::int64_t> token_to_id(std::string_view token) const override;
  std::string id_to_token(std::int64_t id) const override;

 private:
  using Ids = std::vector<std::int64_t>;

  void encode_normalized(std::string_view text, bool starts_text, Ids& ids) const;
  void encode_pieces(std::string_view text, bool starts_text, Ids& ids) const;

  BpeModel model_;
  Normalizer normalizer_;
  StringMap<std::int64_t> added_ids_;
  std::unordered_map<std::int64_t, std::string> added_spellings_;
  /// Contents of the special tokens.
  std::unordered_set<std::string> special_;
  std::int64_t vocabulary_size_;
  AddedTokenFinders finders_;
  std::vector<PreTokenizer> pre_tokenizer_;
  Surround surround_;
  Decoder decoder_;
};

/// Reads the text of a tokenizer.json; `source` names it in errors. Throws FormatError and
/// Unsupported.
std::unique_ptr<Tokenizer> parse_tokenizer(std::string_view text, const std::string& source);

}  // namespace hadal::data
