#pragma once

#include "hadal/data/tokenizer/json_node.h"

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace hadal::data {

/// Turns tokens, as the vocabulary spells them, step by step into parts of a text, to be joined at
/// the end. Throws InvalidArgument where that makes one longer than `max_bytes`.
using Decoder = std::function<void(std::vector<std::string>& tokens, std::size_t max_bytes)>;

/// Reads the `decoder` of a tokenizer.json; where there is none, tokens are joined by spaces.
/// Throws FormatError and Unsupported.
Decoder read_decoder(const JsonNode& node);

}  // namespace hadal::data
