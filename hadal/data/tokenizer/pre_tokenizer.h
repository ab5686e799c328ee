#pragma once

#include "hadal/data/tokenizer/json_node.h"

#include <functional>
#include <string>
#include <vector>

namespace hadal::data {

/// Cuts the pieces of a text into smaller ones, across which the model will not merge, and may
/// spell them anew. `starts_text` says whether the first piece is the start of the text given to
/// encode(). No piece is empty, before or after.
using PreTokenizer = std::function<void(std::vector<std::string>& pieces, bool starts_text)>;

/// Reads the `pre_tokenizer` of a tokenizer.json, as steps to be taken in turn.
/// `text_is_unchanged` says that no normalizer comes before. Throws FormatError and Unsupported.
std::vector<PreTokenizer> read_pre_tokenizer(const JsonNode& node, bool text_is_unchanged);

}  // namespace hadal::data
