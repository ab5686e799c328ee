#pragma once

#include "hadal/data/tokenizer/tokenizer.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace hadal::draf {

/// Turns tokens that come one after another into text: always whole UTF-8 characters, and in all
/// what the tokens add to the text of those before. Decodes a few tokens at a time, those since the
/// last text with those that gave it, because a token's text may depend on its neighbours.
class Detokenizer {
 public:
  /// `before` are the tokens that the first follows, such as a prompt; a few of them count.
  Detokenizer(const data::Tokenizer& tokenizer, std::span<const std::int64_t> before);

  /// The text that a token adds; none while a character is not complete. What is still no character
  /// after kMostHeld tokens is given out as U+FFFD.
  std::string add(std::int64_t id);
  /// What was held back, with U+FFFD for a character that is not complete.
  std::string finish();

 private:
  static constexpr std::size_t kMostHeld = 8;

  std::string decode(std::size_t count) const;
  std::string give(const std::string& text, std::size_t known);

  const data::Tokenizer& tokenizer_;
  std::vector<std::int64_t> window_;  // tokens whose text is out, and then those whose is not
  std::size_t out_;                   // how many of the former
};

}  // namespace hadal::draf
