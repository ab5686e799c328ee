#pragma once

#include "hadal/data/tokenizer/json_node.h"
#include "hadal/data/tokenizer/regex.h"

#include <string>
#include <vector>

namespace hadal::data {

/// What becomes of the matches of a pattern that a text is cut with.
enum class MatchBehavior { isolated, removed, merged_with_previous, merged_with_next, contiguous };

/// Reads a behavior's name. Throws FormatError.
MatchBehavior read_match_behavior(const JsonNode& node);

struct Splitter {
  Regex pattern;
  MatchBehavior behavior = MatchBehavior::isolated;
  /// Takes what lies between the matches for the matches.
  bool invert = false;

  /// Cuts each piece; empty ones are left out.
  void split(std::vector<std::string>& pieces) const;
};

}  // namespace hadal::data
