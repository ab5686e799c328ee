#include "hadal/hpts/precision/exercise.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  hadal::hpts::exercise_plan({reinterpret_cast<const char*>(data), size});
  return 0;
}
