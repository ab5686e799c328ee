#pragma once

#include <string>

namespace hadal {

/// What this library was built from, and how.
struct BuildInfo {
  std::string version;         ///< "0.1.0"
  std::string commit;          ///< Git commit, "-dirty" appended where the tree differed; "unknown"
  std::string build_type;      ///< "Release"
  std::string compiler;        ///< "GNU 12.2.0"
  std::string compiler_flags;  ///< "-O3 -DNDEBUG"
  std::string torch_version;   ///< of the LibTorch that it was compiled against
};

const BuildInfo& build_info();

}  // namespace hadal
