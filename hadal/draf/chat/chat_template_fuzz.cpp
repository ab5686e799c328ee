#include "hadal/draf/chat/exercise.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  hadal::draf::exercise_template({reinterpret_cast<const char*>(data), size});
  return 0;
}
