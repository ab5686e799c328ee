#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace hadal {

/// The machine as this process may use it.
struct SystemInfo {
  std::string cpu;                ///< model name, "unknown" where the system does not say
  int physical_cores = 1;         ///< cores, within the affinity mask and the control group's quota
  int logical_cores = 1;          ///< hardware threads, within the same
  std::int64_t memory_bytes = 0;  ///< of the machine, or the control group's limit where lower
  std::string os;                 ///< "Debian GNU/Linux 12 (bookworm), Linux 6.1.0"
};

/// Reads what Linux tells below /proc, /sys and /etc; `root` stands before these paths, for tests.
/// A file that is missing or malformed counts as no limit.
SystemInfo system_info(const std::filesystem::path& root = "/");

/// Seconds since 1970, UTC.
double unix_time();
/// Now, as "2026-01-31T12:34:56Z".
std::string utc_now();

}  // namespace hadal
