#include "hadal/msp/audit/audit.h"

#include "hadal/core/error.h"
#include "hadal/core/safetensors/file.h"
#include "hadal/core/system.h"
#include "hadal/core/text.h"

#include <algorithm>

namespace hadal::msp {
namespace {

void measure_file(const std::filesystem::path& path, const std::string& name, AuditReport& report,
                  Findings& findings) {
  try {
    const SafetensorsFile file(path);
    for (const auto& [tensor_name, info] : file.header().tensors) {
      if (!info.dtype.scalar_type || info.dtype.bits < 16) continue;
      const at::Tensor tensor = file.tensor(tensor_name);
      if (!tensor.is_floating_point()) continue;
      report.weights.push_back(measure_weights(printable(tensor_name), tensor));
      judge_weights(report.weights.back(), {.file = name, .member = printable(tensor_name)},
                    findings);
    }
  } catch (const FormatError&) {
    // The scan has told.
  }
}

}  // namespace

bool AuditReport::is_clean() const {
  return count(Level::warning) == 0 && count(Level::error) == 0;
}

std::size_t AuditReport::count(Level level) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      findings, [&](const Finding& finding) { return finding.rule->level == level; }));
}

AuditReport audit_model(const std::filesystem::path& path) {
  ScanReport scan = scan_model(path);
  AuditReport report{.model = path.string(),
                     .audited = utc_now(),
                     .files = std::move(scan.files),
                     .findings = std::move(scan.findings),
                     .weights = {}};
  Findings weights;
  const bool is_folder = std::filesystem::is_directory(path);
  for (const ScannedFile& file : report.files) {
    if (file.kind != "safetensors") continue;
    measure_file(is_folder ? path / file.path : path, file.path, report, weights);
  }
  report.findings.insert(report.findings.end(), weights.all().begin(), weights.all().end());
  std::ranges::stable_sort(report.findings, std::ranges::greater{},
                           [](const Finding& finding) { return finding.rule->level; });
  return report;
}

}  // namespace hadal::msp
