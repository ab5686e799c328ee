#include "hadal/core/control_group.h"

#include "hadal/core/error.h"
#include "hadal/core/text_file.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace hadal {
namespace {

namespace fs = std::filesystem;

/// The folders of this process's group and those above it, for a controller ("cpu", "memory") of
/// version 1 or "" for version 2. Inside a container the path may be as the host sees it, while
/// only the top exists here; what does not exist is as good as without limits.
std::vector<fs::path> group_folders(const fs::path& root, std::string_view controller) {
  const fs::path top = root / "sys/fs/cgroup" / controller;
  fs::path group;
  const std::string groups = text_or_empty(root / "proc/self/cgroup");
  // Lines such as "4:cpu,cpuacct:/docker/1f2e" and "0::/user.slice".
  for (std::string_view rest = groups; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) continue;
    const std::string names = concat(",", line.substr(first + 1, second - first - 1), ",");
    if (names.find(concat(",", controller, ",")) == std::string::npos) continue;
    group = fs::path(line.substr(second + 1)).relative_path();
  }
  std::vector<fs::path> folders;
  for (; !group.empty(); group = group.parent_path()) folders.push_back(top / group);
  folders.push_back(top);
  return folders;
}

void limit_cpus(ControlGroupLimits& limits, std::int64_t quota, std::int64_t period) {
  if (quota <= 0 || period <= 0) return;
  const std::int64_t cpus = quota / period + (quota % period != 0);
  limits.cpus = static_cast<int>(std::min<std::int64_t>(limits.cpus, cpus));
}

void limit_memory(ControlGroupLimits& limits, const fs::path& file) {
  // "max" (version 2) is no number, and version 1 writes a huge one for no limit.
  if (const auto bytes = parse_integer(text_or_empty(file)); bytes && *bytes > 0) {
    limits.memory_bytes = std::min(limits.memory_bytes, *bytes);
  }
}

}  // namespace

ControlGroupLimits control_group_limits(const fs::path& root) {
  ControlGroupLimits limits;
  for (const fs::path& folder : group_folders(root, "")) {
    const std::string text = text_or_empty(folder / "cpu.max");  // "150000 100000", "max 100000"
    const auto space = text.find(' ');
    if (space != std::string::npos) {
      limit_cpus(limits, parse_integer(text).value_or(0),
                 parse_integer(std::string_view(text).substr(space + 1)).value_or(0));
    }
    limit_memory(limits, folder / "memory.max");
  }
  for (const fs::path& folder : group_folders(root, "cpu")) {
    limit_cpus(limits, parse_integer(text_or_empty(folder / "cpu.cfs_quota_us")).value_or(0),
               parse_integer(text_or_empty(folder / "cpu.cfs_period_us")).value_or(0));
  }
  for (const fs::path& folder : group_folders(root, "memory")) {
    limit_memory(limits, folder / "memory.limit_in_bytes");
  }
  return limits;
}

}  // namespace hadal
