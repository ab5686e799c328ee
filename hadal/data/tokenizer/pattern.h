#pragma once

#include "hadal/data/tokenizer/json_node.h"
#include "hadal/data/tokenizer/regex.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace hadal::data {

/// The longest text that the steps of a tokenizer may make of one of `bytes`. The widest expansion
/// of a normalization form is 11 bytes for one; only a file written to exhaust memory needs more
/// than this.
constexpr std::size_t max_expansion(std::size_t bytes) { return 64 * bytes + 4096; }

/// A pattern as the file writes it: `{"String": ...}` or `{"Regex": ...}`.
Regex read_pattern(const JsonNode& node);

/// The Replace of normalizers and decoders: every match of `pattern` becomes `content`.
struct Replacement {
  Regex pattern;
  std::string content;

  /// Throws InvalidArgument where the result is longer than `max_bytes`.
  std::string apply(std::string_view text, std::size_t max_bytes) const;
};

Replacement read_replacement(const JsonNode& node);

}  // namespace hadal::data
