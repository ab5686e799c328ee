#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hadal::data {

/// Turns text into token ids and back. Objects are immutable to their users: any number of threads
/// may share one.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  /// The ids of `text`, each in [0, vocabulary_size()). `add_special_tokens` adds those that the
  /// tokenizer puts around a text (a begin-of-text token, say); special tokens that the text spells
  /// out become their ids either way. Throws InvalidArgument where the tokenizer takes UTF-8 only
  /// and `text` is not, naming the first byte at fault.
  virtual std::vector<std::int64_t> encode(std::string_view text,
                                           bool add_special_tokens = true) const = 0;

  /// The text of `ids`, without the special tokens unless they are asked for. Bytes that make no
  /// UTF-8, such as the first part of a character whose rest is still to come, become U+FFFD; only
  /// ByteTokenizer gives them as they are. Throws InvalidArgument for an id outside of
  /// [0, vocabulary_size()).
  virtual std::string decode(std::span<const std::int64_t> ids,
                             bool skip_special_tokens = true) const = 0;

  virtual std::int64_t vocabulary_size() const = 0;

  /// The id of a token as the vocabulary spells it, if there is one.
  virtual std::optional<std::int64_t> token_to_id(std::string_view token) const = 0;
  /// The spelling of a token in the vocabulary, which is not always its text. Throws
  /// InvalidArgument for an id outside of [0, vocabulary_size()).
  virtual std::string id_to_token(std::int64_t id) const = 0;
};

/// One id a byte, 256 in all; a text may be any bytes, and decode() gives them back unchanged.
class ByteTokenizer final : public Tokenizer {
 public:
  std::vector<std::int64_t> encode(std::string_view text,
                                   bool add_special_tokens = true) const override;
  std::string decode(std::span<const std::int64_t> ids,
                     bool skip_special_tokens = true) const override;
  std::int64_t vocabulary_size() const override { return 256; }
  std::optional<std::int64_t> token_to_id(std::string_view token) const override;
  std::string id_to_token(std::int64_t id) const override;
};

/// The longest tokenizer.json that load_tokenizer() reads, in bytes.
inline constexpr std::size_t kMaxTokenizerBytes = std::size_t{1} << 27;

/// Loads a byte-pair-encoding tokenizer from a Hugging Face `tokenizer.json`; `path` is that file
/// or its folder. Ids and texts are those of the Python package `tokenizers` 0.23.3. What is read:
///
///   model           BPE: merges, unk_token, fuse_unk, byte_fallback, ignore_merges
///   added_tokens    all of their flags
///   normalizer      NFC, NFD, NFKC, NFKD, Lowercase, Prepend, Replace, Strip, Sequence
///   pre_tokenizer   ByteLevel, Split, Digits, Metaspace, Whitespace, Sequence
///   post_processor  TemplateProcessing for one text, ByteLevel, Sequence
///   decoder         ByteLevel, ByteFallback, Fuse, Strip, Replace, Metaspace, Sequence
///
/// Regular expressions are written for Oniguruma and run by PCRE2; the part of the syntax that both
/// understand the same way is taken (see regex_syntax.h). The character tables are Unicode 13 and
/// 14, so a code point that a later version assigned may be cut differently.
///
/// In a folder without one, and for a path that ends in `.model`, it is SentencePiece's
/// tokenizer.model (at most 16 MiB): BPE with scores, of a text as it is. Its ids are those of the
/// tokenizer.json that transformers 5.23.0 makes of it.
///
/// Throws IoError where the file cannot be read, FormatError where it is malformed, and
/// Unsupported, naming the part, where it asks for anything else that would change ids or text.
std::unique_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& path);

/// Loads the tokenizer of a llama2.c model (tokenizer.bin, tok512.bin), which must have as many
/// pieces as the model's `vocabulary`. Throws IoError and FormatError.
std::unique_ptr<Tokenizer> load_llama2c_tokenizer(const std::filesystem::path& path,
                                                  std::int64_t vocabulary);

}  // namespace hadal::data
