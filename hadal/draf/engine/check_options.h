#pragma once

#include "hadal/draf/engine/create.h"

namespace hadal::draf {

/// Throws InvalidArgument as start_engine() does.
void check(const EngineParts& parts, const EngineOptions& options);

}  // namespace hadal::draf
