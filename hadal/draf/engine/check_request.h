#pragma once

#include "hadal/draf/engine/create.h"

#include <cstdint>

namespace hadal::draf {

/// Throws InvalidArgument, naming the field, for a request that can never run.
void check_request(const Request& request, const EngineParts& parts, std::int64_t pages);

}  // namespace hadal::draf
