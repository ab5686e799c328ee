#pragma once

#include "hadal/core/process_group/process_group.h"

namespace hadal::hpts {

/// Overwrites `tensors` by those of rank `root`, many in one collective. Shapes and types have to
/// be the same on all ranks.
void broadcast_all(ProcessGroup& group, const std::vector<at::Tensor>& tensors, int root,
                   const std::string& what);

}  // namespace hadal::hpts
