#include "hadal/data/tokenizer/exercise.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  hadal::data::exercise_text(bytes);
  hadal::data::exercise_file(bytes);
  return 0;
}
