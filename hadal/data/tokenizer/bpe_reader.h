#pragma once

#include "hadal/data/tokenizer/bpe_model.h"
#include "hadal/data/tokenizer/json_node.h"

namespace hadal::data {

/// Reads the `model` of a tokenizer.json. The ids must count from 0 without a hole. Throws
/// FormatError and Unsupported.
BpeTables read_bpe_model(const JsonNode& node);

}  // namespace hadal::data
