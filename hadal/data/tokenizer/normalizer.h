#pragma once

#include "hadal/data/tokenizer/json_node.h"

#include <cstddef>
#include <functional>
#include <string>

namespace hadal::data {

/// Rewrites a text before it is cut. Throws InvalidArgument where that makes it longer than
/// `max_bytes`. Empty where a tokenizer has none.
using Normalizer = std::function<std::string(std::string text, std::size_t max_bytes)>;

/// Reads the `normalizer` of a tokenizer.json. Throws FormatError and Unsupported.
Normalizer read_normalizer(const JsonNode& node);

}  // namespace hadal::data
