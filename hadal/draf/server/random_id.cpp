#include "hadal/draf/server/random_id.h"

#include "hadal/core/error.h"

#include <atomic>
#include <cstdint>
#include <iomanip>
#include <random>

namespace hadal::draf::server {

std::string random_id() {
  static const std::uint64_t of_program = [] {
    std::random_device device;
    return (std::uint64_t{device()} << 32) | device();
  }();
  static std::atomic<std::uint32_t> next{0};
  return concat(std::hex, std::setfill('0'), std::setw(16), of_program, std::setw(8), next++);
}

}  // namespace hadal::draf::server
