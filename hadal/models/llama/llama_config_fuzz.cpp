#include "hadal/models/llama/exercise.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  hadal::models::exercise_config({reinterpret_cast<const char*>(data), size});
  return 0;
}
