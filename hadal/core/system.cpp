#include "hadal/core/system.h"

#include "hadal/core/control_group.h"
#include "hadal/core/error.h"
#include "hadal/core/text_file.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace hadal {
namespace {

namespace fs = std::filesystem;

std::vector<int> usable_cpus() {
  std::vector<int> cpus;
  // Larger than any machine of today, as the call fails where the set is too small.
  constexpr int kMostCpus = 16384;
  cpu_set_t* set = CPU_ALLOC(kMostCpus);
  const std::size_t size = CPU_ALLOC_SIZE(kMostCpus);
  if (set != nullptr && ::sched_getaffinity(0, size, set) == 0) {
    for (int cpu = 0; cpu < kMostCpus; ++cpu) {
      if (CPU_ISSET_S(cpu, size, set)) cpus.push_back(cpu);
    }
  }
  CPU_FREE(set);
  if (cpus.empty()) cpus.push_back(0);
  return cpus;
}

/// Hardware threads of one core share package and core number.
int count_cores(const fs::path& root, const std::vector<int>& cpus) {
  std::set<std::pair<std::int64_t, std::int64_t>> cores;
  int unknown = 0;
  for (const int cpu : cpus) {
    const fs::path topology = root / concat("sys/devices/system/cpu/cpu", cpu, "/topology");
    const auto package = parse_integer(text_or_empty(topology / "physical_package_id"));
    const auto core = parse_integer(text_or_empty(topology / "core_id"));
    if (package && core) {
      cores.emplace(*package, *core);
    } else {
      ++unknown;
    }
  }
  return static_cast<int>(cores.size()) + unknown;
}

std::string cpu_name(const fs::path& root) {
  const std::string text = text_or_empty(root / "proc/cpuinfo");
  for (const std::string_view key : {"model name", "Hardware", "cpu model"}) {
    if (const auto value = field(text, key, ':'); !value.empty()) return std::string(value);
  }
  return "unknown";
}

std::int64_t machine_memory(const fs::path& root) {
  const std::string text = text_or_empty(root / "proc/meminfo");
  const auto kibibytes = parse_integer(field(text, "MemTotal", ':'));
  return kibibytes ? *kibibytes * 1024 : 0;
}

std::string os_name(const fs::path& root) {
  struct utsname kernel{};
  ::uname(&kernel);
  const std::string version = concat(kernel.sysname, " ", kernel.release);
  const std::string text = text_or_empty(root / "etc/os-release");
  std::string_view name = field(text, "PRETTY_NAME", '=');
  if (name.size() >= 2 && name.front() == '"' && name.back() == '"') {
    name = name.substr(1, name.size() - 2);
  }
  return name.empty() ? version : concat(name, ", ", version);
}

}  // namespace

SystemInfo system_info(const fs::path& root) {
  const ControlGroupLimits limits = control_group_limits(root);
  const std::vector<int> cpus = usable_cpus();
  SystemInfo info;
  info.cpu = cpu_name(root);
  info.logical_cores = std::min(static_cast<int>(cpus.size()), limits.cpus);
  info.physical_cores = std::min(count_cores(root, cpus), limits.cpus);
  info.memory_bytes = std::min(machine_memory(root), limits.memory_bytes);
  info.os = os_name(root);
  return info;
}

double unix_time() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string utc_now() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

}  // namespace hadal
