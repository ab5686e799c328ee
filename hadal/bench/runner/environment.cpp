#include "hadal/bench/runner/environment.h"

#include "hadal/core/build_info.h"
#include "hadal/core/error.h"
#include "hadal/core/isa.h"
#include "hadal/core/system.h"

#include <random>

#include <ATen/Parallel.h>

namespace hadal::bench {

Environment environment() {
  const BuildInfo& build = build_info();
  const SystemInfo system = system_info();
  return {.hadal_version = build.version,
          .commit = build.commit,
          .build_type = build.build_type,
          .compiler = build.compiler,
          .compiler_flags = build.compiler_flags,
          .torch_version = build.torch_version,
          .cpu = system.cpu,
          .isa = std::string(name_of(isa())),
          .os = system.os,
          .cores = system.physical_cores,
          .threads = at::get_num_threads(),
          .memory_bytes = system.memory_bytes};
}

std::string new_run_id() {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::random_device device;
  std::string id;
  while (id.size() < 32) {
    // Eight digits of each 32-bit word.
    std::uint32_t word = device();
    for (int i = 0; i < 8; ++i, word >>= 4) id += kDigits[word & 15];
  }
  return id;
}

}  // namespace hadal::bench
