#pragma once

#include "hadal/dao/decode/attend_parts.h"

namespace hadal::dao {

/// Whether pages of `type` are multiplied in tiles: bf16 with AMX.
bool takes_tiles(at::ScalarType type);

/// attend_parts() by the forward kernel, which reads pages where they are. A query's bits are the
/// same whatever queries are with it, as long as its blocks come in one part.
void attend_in_tiles(const PartsCall& call);

}  // namespace hadal::dao
