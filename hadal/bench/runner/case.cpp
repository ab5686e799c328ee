#include "hadal/bench/runner/case.h"

#include "hadal/bench/report/validate.h"
#include "hadal/core/error.h"

#include <cmath>

namespace hadal::bench {
namespace {

void require(bool holds, const Case& definition, std::string_view expected) {
  if (!holds) {
    throw InvalidArgument(concat("benchmark case '", definition.id, "': expected ", expected));
  }
}

}  // namespace

std::string_view name_of(Scale scale) { return scale == Scale::quick ? "quick" : "full"; }

std::optional<std::filesystem::path> Context::find(const std::filesystem::path& relative) const {
  if (!data || !std::filesystem::exists(*data / relative)) return std::nullopt;
  return *data / relative;
}

void validate(const Case& definition) {
  const std::string prefix = concat(name_of(definition.domain), "/");
  require(definition.id.starts_with(prefix) && is_case_id(definition.id), definition,
          concat("an id '", prefix, "<name>' of a-z, 0-9, '.', '_' and '-'"));
  require(!definition.module.empty(), definition, "a module");
  require(definition.version >= 1, definition, "a version from 1");
  require(!definition.summary.empty(), definition, "a summary");
  require(!definition.baseline.empty(), definition, "a description of the baseline");
  require(!definition.candidate.empty(), definition, "a description of the candidate");
  require(!definition.gate.metric.empty(), definition, "a quality metric");
  require(std::isfinite(definition.gate.target), definition, "a finite target");
  require(definition.prepare != nullptr, definition, "a function that prepares it");
}

}  // namespace hadal::bench
