#include "hadal/bench/report/fields.h"
#include "hadal/bench/report/json.h"
#include "hadal/bench/report/schema.h"
#include "hadal/bench/report/validate.h"
#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/core/json/read.h"

namespace hadal::bench {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{64} << 20;
// A report nests seven deep: cases, a case, speed, a timing, its samples, a sample.
constexpr std::size_t kMaxDepth = 8;

}  // namespace

Report report_from_json(std::string_view text, std::string_view name) {
  Report report;
  read_document(text, std::string(name), kReportSchema, kMaxDepth, report);
  try {
    validate(report);
  } catch (const Error& error) {
    throw FormatError(concat(name, ": ", error.what()), error.hint());
  }
  return report;
}

Report read_report(const std::filesystem::path& path) {
  return report_from_json(read_file(path, kMaxBytes), path.string());
}

}  // namespace hadal::bench
