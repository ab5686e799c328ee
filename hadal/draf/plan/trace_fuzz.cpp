#include "hadal/draf/plan/trace_exercise.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  hadal::draf::plan::exercise_trace({reinterpret_cast<const char*>(data), size});
  return 0;
}
