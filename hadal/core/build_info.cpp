#include "hadal/core/build_info.h"

#include "build_commit.h"

#include <torch/version.h>

namespace hadal {

const BuildInfo& build_info() {
  static const BuildInfo info{.version = HADAL_VERSION,
                              .commit = HADAL_BUILD_COMMIT,
                              .build_type = HADAL_BUILD_TYPE,
                              .compiler = HADAL_COMPILER,
                              .compiler_flags = HADAL_COMPILER_FLAGS,
                              .torch_version = TORCH_VERSION};
  return info;
}

}  // namespace hadal
