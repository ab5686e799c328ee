#pragma once

#include "hadal/hpts/precision/history.h"
#include "hadal/hpts/precision/layers.h"
#include "hadal/hpts/precision/plan.h"

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace hadal::hpts {

/// A plan as it is kept in a file: written by hand, or by a run with the history that led to it.
struct PlanFile {
  PrecisionPlan plan;
  std::optional<PlanHistory> history = {};
  bool operator==(const PlanFile&) const = default;
};

/// The file as JSON (docs/precision.md shows one), members in a fixed order, a newline at the end.
std::string to_json(const PlanFile& file);

/// What to_json() wrote, or someone by hand. `place` stands for the text in errors. Throws
/// FormatError, naming the member, what was expected and what was found.
PlanFile plan_file_from_json(std::string_view text, const std::string& place);

/// Throws IoError where the file cannot be read, and FormatError as above and for one above 64 MiB.
PlanFile read_plan_file(const std::filesystem::path& path);
/// Replaces the file at once. Throws IoError.
void write_plan_file(const std::filesystem::path& path, const PlanFile& file);

/// Throws InvalidArgument where `plan` names layers that a model lacks, with the names that come
/// nearest. `place` says where the plan is from.
void check_layers(const PrecisionPlan& plan, std::span<const Layer> layers,
                  const std::string& place);

}  // namespace hadal::hpts
