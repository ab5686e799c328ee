#include "hadal/draf/plan/cluster_exercise.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  hadal::draf::plan::exercise_cluster({reinterpret_cast<const char*>(data), size});
  return 0;
}
