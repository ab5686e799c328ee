#include "hadal/msp/scan/exercise.h"

#include <cstddef>
#include <cstdint>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  hadal::msp::exercise_scan(std::as_bytes(std::span(data, size)), "input.pkl");
  return 0;
}
