#include "hadal/hpts/precision/plan_file.h"

#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/core/json/read.h"
#include "hadal/core/json/write.h"
#include "hadal/hpts/precision/fields.h"

namespace hadal::hpts {
namespace {

constexpr JsonSchema kSchema{.name = "hadal-precision-plan",
                             .version = 1,
                             .document = "the plan",
                             .hint = "use the build of Hadal that wrote the plan"};
constexpr std::size_t kMaxBytes = std::size_t{64} << 20;
// history, its changes, a change, its plans.
constexpr std::size_t kMaxDepth = 6;

}  // namespace

std::string to_json(const PlanFile& file) { return write_document(kSchema, file); }

PlanFile plan_file_from_json(std::string_view text, const std::string& place) {
  PlanFile file;
  read_document(text, place, kSchema, kMaxDepth, file);
  try {
    if (file.history) validate(*file.history);
  } catch (const InvalidArgument& error) {
    throw FormatError(concat(place, ": ", error.what()), error.hint());
  }
  return file;
}

PlanFile read_plan_file(const std::filesystem::path& path) {
  return plan_file_from_json(read_file(path, kMaxBytes), path.string());
}

void write_plan_file(const std::filesystem::path& path, const PlanFile& file) {
  write_file(path, to_json(file));
}

}  // namespace hadal::hpts
