#include "hadal/draf/server/request_exercise.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  hadal::draf::server::exercise_request({reinterpret_cast<const char*>(data), size});
  return 0;
}
