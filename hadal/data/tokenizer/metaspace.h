#pragma once

#include "hadal/data/tokenizer/json_node.h"

#include <string>

namespace hadal::data {

enum class PrependScheme { always, first, never };

/// The fields of Metaspace, SentencePiece's way to spell a space, as a pre-tokenizer or a decoder.
struct Metaspace {
  /// One character.
  std::string replacement;
  PrependScheme prepend = PrependScheme::always;
  bool split = true;
};

Metaspace read_metaspace(const JsonNode& node);

}  // namespace hadal::data
