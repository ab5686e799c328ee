#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>

namespace hadal {

/// What the control group (a container's, say) of this process allows; the largest value of the
/// type where it sets no limit.
struct ControlGroupLimits {
  int cpus = std::numeric_limits<int>::max();  ///< rounded up, at least 1
  std::int64_t memory_bytes = std::numeric_limits<std::int64_t>::max();
};

/// Reads the files of versions 1 and 2 below `root`. A limit of any group above counts too.
ControlGroupLimits control_group_limits(const std::filesystem::path& root);

}  // namespace hadal
