#pragma once

#include "hadal/data/tokenizer/bpe_model.h"
#include "hadal/data/tokenizer/json_node.h"
#include "hadal/data/tokenizer/normalizer.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace hadal::data {

/// A token that is looked for in the text before the model sees it.
struct AddedToken {
  std::string content;
  /// What is looked for, and what the id decodes to: the content, normalized where `normalized` is.
  std::string spelling;
  std::int64_t id = 0;
  /// Left out by decode() where the caller wants no special tokens.
  bool special = false;
  /// Takes the white space at its left, or right, along.
  bool strip_left = false;
  bool strip_right = false;
  /// Found only where no word goes on at either side.
  bool single_word = false;
  /// Looked for in the normalized text.
  bool normalized = false;
};

/// Reads the `added_tokens` of a tokenizer.json. Those that the model's vocabulary has must have
/// its ids, the others must go on counting where it ends. Throws FormatError and Unsupported.
std::vector<AddedToken> read_added_tokens(const JsonNode& node, const BpeTables& tables,
                                          const Normalizer& normalizer);

/// A part of a text; an added token where it has an id.
struct Segment {
  std::size_t begin;
  std::size_t end;
  std::optional<std::int64_t> id;
};

/// Finds the leftmost, and of these the longest, tokens in a text.
class TokenFinder {
 public:
  void add(const AddedToken& token);
  /// The text's parts from left to right, without empty ones. Takes time linear in the text times
  /// the longest spelling.
  std::vector<Segment> cut(std::string_view text) const;

 private:
  struct Node {
    std::optional<std::size_t> token;
  };
  struct Found {
    std::size_t end;
    const AddedToken* token;
  };

  std::optional<Found> longest_at(std::string_view text, std::size_t begin) const;

  std::vector<AddedToken> tokens_;
  /// A trie: the child of a node by `node << 8 | byte`; node 0 is the root.
  std::vector<Node> nodes_{1};
  std::unordered_map<std::uint64_t, std::size_t> children_;
  /// Whether a spelling starts with the byte: most places in a text need no further look.
  std::array<bool, 256> starts_{};
};

/// The finders for a tokenizer's added tokens: those looked for in the text as it is, and those
/// looked for after the normalizer.
struct AddedTokenFinders {
  TokenFinder exact;
  TokenFinder normalized;
};

AddedTokenFinders make_finders(const std::vector<AddedToken>& tokens);

}  // namespace hadal::data
