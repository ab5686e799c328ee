#include "hadal/data/readers/exercise.h"

#include <cstddef>
#include <cstdint>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  hadal::data::exercise_wav(std::as_bytes(std::span(data, size)));
  return 0;
}
