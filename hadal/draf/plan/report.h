#pragma once

#include "hadal/draf/plan/rank.h"
#include "hadal/draf/plan/replicas_memory.h"

#include <cstddef>
#include <string>
#include <vector>

namespace hadal::draf::plan {

/// Why the best layout is the best, a sentence each.
std::vector<std::string> reasons(const Plan& plan);

/// The line that starts a replica of the best layout; `model` as `hadal serve` takes it.
std::string launch_line(const Plan& plan, const std::string& model);

/// The plan for a terminal: the `rows` best layouts, the reasons and the line that starts one.
std::string plan_text(const Plan& plan, const std::string& model, std::size_t rows);
/// All layouts, as a document of schema "hadal-plan". Bytes and seconds.
std::string plan_json(const Plan& plan, const std::string& model);

std::string memory_text(const Shape& shape, const ReplicasMemory& memory);
/// A document of schema "hadal-plan-memory".
std::string memory_json(const ReplicasMemory& memory);

}  // namespace hadal::draf::plan
