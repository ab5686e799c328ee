#include "hadal/models/llama/exercise.h"

#include <cstddef>
#include <cstdint>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  hadal::models::exercise_llama2c(std::as_bytes(std::span(data, size)));
  return 0;
}
