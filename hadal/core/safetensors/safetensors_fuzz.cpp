#include "hadal/core/safetensors/exercise.h"

#include <cstddef>
#include <cstdint>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  hadal::safetensors::exercise_readers(std::as_bytes(std::span(data, size)));
  return 0;
}
