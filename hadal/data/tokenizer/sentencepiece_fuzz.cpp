#include "hadal/core/error.h"
#include "hadal/data/tokenizer/llama2c_tokenizer.h"
#include "hadal/data/tokenizer/sentencepiece.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    const auto tokenizer = hadal::data::parse_sentencepiece(bytes, "input");
    tokenizer->decode(tokenizer->encode("abc a \u00e9\n"));
  } catch (const hadal::Error&) {
  }
  try {
    hadal::data::parse_llama2c_tokenizer(bytes, 4, "input");
  } catch (const hadal::Error&) {
  }
  return 0;
}
