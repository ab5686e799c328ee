#pragma once

#include "hadal/data/tokenizer/json_node.h"

#include <cstdint>
#include <vector>

namespace hadal::data {

/// The special tokens that go around a text.
struct Surround {
  std::vector<std::int64_t> before;
  std::vector<std::int64_t> after;
};

/// Reads the `post_processor` of a tokenizer.json; only what it does to one text matters here. Ids
/// must be below `vocabulary_size`. Throws FormatError and Unsupported.
Surround read_post_processor(const JsonNode& node, std::size_t vocabulary_size);

}  // namespace hadal::data
