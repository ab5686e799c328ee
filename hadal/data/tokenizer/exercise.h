#pragma once

#include "hadal/core/error.h"
#include "hadal/core/utf8.h"
#include "hadal/data/tokenizer/bpe_tokenizer.h"
#include "hadal/data/tokenizer/byte_level.h"
#include "hadal/testing/require.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hadal::data {

using hadal::testing::require;

/// Encodes and decodes `text`; holds that ids are in range.
inline std::vector<std::int64_t> exercise_encoding(const Tokenizer& tokenizer,
                                                   std::string_view text) {
  const auto ids = tokenizer.encode(text);
  for (const std::int64_t id : ids) require(id >= 0 && id < tokenizer.vocabulary_size());
  require(!find_invalid_utf8(tokenizer.decode(ids)));
  require(!find_invalid_utf8(tokenizer.decode(ids, false)));
  return ids;
}

/// Loads hostile bytes as a tokenizer.json and uses it.
inline void exercise_file(std::string_view bytes) {
  std::unique_ptr<Tokenizer> tokenizer;
  try {
    tokenizer = parse_tokenizer(bytes, "input");
  } catch (const Error&) {
    return;
  }
  for (const std::string_view text :
       {"", " ", "abab <s> ab\r\n  1234 a\u0301\u0323B It's \u2581x\u00e9\U0001F600",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "bbbabababab", "\u1e9b\u0323\u0130 \u4e16\u754c"}) {
    try {
      exercise_encoding(*tokenizer, text);
    } catch (const InvalidArgument&) {
      // A pattern that backtracks without end, say, or a character without a token.
    }
  }
  for (std::int64_t id = 0; id < std::min<std::int64_t>(tokenizer->vocabulary_size(), 100); ++id) {
    require(!find_invalid_utf8(tokenizer->id_to_token(id)));
  }
}

/// A tokenizer in Llama 3's way, whose vocabulary has all bytes and a few merges.
inline std::unique_ptr<Tokenizer> byte_level_tokenizer() {
  nlohmann::json vocabulary;
  for (int byte = 0; byte < 256; ++byte) {
    vocabulary[to_byte_level(std::string(1, static_cast<char>(byte)))] = byte;
  }
  const std::string space = to_byte_level(" ");
  const std::vector<std::vector<std::string>> merges = {
      {"t", "h"}, {"th", "e"}, {space, "the"}, {"a", "a"}, {"aa", "aa"}};
  for (const auto& merge : merges) {
    const std::size_t id = vocabulary.size();
    vocabulary[merge[0] + merge[1]] = id;
  }
  const char* pattern =
      R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
  const nlohmann::json split = {{"type", "Split"},
                                {"pattern", {{"Regex", pattern}}},
                                {"behavior", "Isolated"},
                                {"invert", false}};
  const nlohmann::json byte_level = {
      {"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}};
  const nlohmann::json file = {
      {"model", {{"type", "BPE"}, {"vocab", vocabulary}, {"merges", merges}}},
      {"pre_tokenizer",
       {{"type", "Sequence"}, {"pretokenizers", nlohmann::json::array({split, byte_level})}}},
      {"decoder", byte_level}};
  return parse_tokenizer(file.dump(), "byte-level");
}

/// Encodes hostile bytes as a text; holds that a byte-level tokenizer gives the text back.
inline void exercise_text(std::string_view bytes) {
  static const auto tokenizer = byte_level_tokenizer();
  try {
    require(tokenizer->decode(exercise_encoding(*tokenizer, bytes)) == bytes);
    require(!find_invalid_utf8(bytes));
  } catch (const InvalidArgument&) {
    require(find_invalid_utf8(bytes).has_value());
  }
}

}  // namespace hadal::data
