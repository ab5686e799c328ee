#pragma once

#include "hadal/data/tokenizer/tokenizer.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace hadal::data {

/// load_llama2c_tokenizer() of a file's bytes; `source` names them in errors. Throws FormatError.
std::unique_ptr<Tokenizer> parse_llama2c_tokenizer(std::string_view bytes, std::int64_t vocabulary,
                                                   const std::string& source);

}  // namespace hadal::data
