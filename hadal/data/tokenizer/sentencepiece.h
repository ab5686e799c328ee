#pragma once

#include "hadal/data/tokenizer/tokenizer.h"

#include <memory>
#include <string>
#include <string_view>

namespace hadal::data {

/// Reads the bytes of a SentencePiece model (sentencepiece_model.proto); `source` names them in
/// errors. Throws FormatError where they are malformed, and Unsupported for models other than BPE,
/// and for those that change a text's characters or its spaces before they cut it.
std::unique_ptr<Tokenizer> parse_sentencepiece(std::string_view bytes, const std::string& source);

}  // namespace hadal::data
