#pragma once

#include "hadal/models/llama/config.h"
#include "hadal/models/llama/members.h"

namespace hadal::models {

/// Reads the rotary settings of a config.json whose `positions` are known. Throws as
/// parse_llama_config() does.
RopeConfig read_rope_config(const Members& file, std::int64_t positions);

}  // namespace hadal::models
