#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace hadal::models {

/// The special tokens of the tokenizers that are made here, which have the first ids after the
/// bytes' own.
inline constexpr std::array<const char*, 4> kMadeSpecialTokens = {
    "<|begin_of_text|>", "<|end_of_text|>", "<|im_start|>", "<|im_end|>"};
inline constexpr std::int64_t kMadeBeginId = 256;
inline constexpr std::int64_t kMadeEndId = 257;
inline constexpr std::int64_t kMadeTurnEndId = 259;

/// The text of a tokenizer.json, byte-level BPE with `vocabulary` tokens, at least
/// kMinVocabulary: the bytes, the special tokens, some English words, and made-up words that no
/// text becomes, so that whatever a random model generates has a text.
std::string made_tokenizer_json(std::int64_t vocabulary);

/// The text of its tokenizer_config.json, with a chat template.
std::string made_tokenizer_config_json(std::int64_t context);

}  // namespace hadal::models
