#include "hadal/msp/audit/audit.h"

#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/core/safetensors/file.h"
#include "hadal/core/system.h"
#include "hadal/core/text.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include <ATen/ops/empty.h>

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

/// The type of the elements of a storage, where they are of floating point.
std::optional<at::ScalarType> type_of(const std::string& storage) {
  if (storage == "FloatStorage") return at::kFloat;
  if (storage == "HalfStorage") return at::kHalf;
  if (storage == "BFloat16Storage") return at::kBFloat16;
  if (storage == "DoubleStorage") return at::kDouble;
  return std::nullopt;
}

void measure_storages(const std::filesystem::path& path, const ScannedFile& file,
                      AuditReport& report, Findings& findings) {
  const MappedFile mapped(path);
  for (const StoredTensor& storage : file.storages) {
    const auto type = type_of(storage.type);
    if (!type || storage.at + storage.bytes > mapped.bytes().size()) continue;
    // A copy, because the file's bytes need not lie where the type may.
    const auto elements = storage.bytes / c10::elementSize(*type);
    const at::Tensor tensor = at::empty({static_cast<std::int64_t>(elements)}, *type);
    if (tensor.nbytes() > 0) {
      std::memcpy(tensor.mutable_data_ptr(), mapped.bytes().data() + storage.at, tensor.nbytes());
    }
    report.weights.push_back(measure_weights(storage.member, tensor));
    judge_weights(report.weights.back(), {.file = file.path, .member = storage.member}, findings);
  }
}

void look_for_backdoor(const std::filesystem::path& path, const BackdoorScanOptions& options,
                       AuditReport& report, Findings& findings) {
  const bool is_malformed = std::ranges::any_of(report.findings, [](const Finding& finding) {
    return finding.rule == &rules::kMalformedSafetensors;
  });
  if (is_malformed) return;
  const std::filesystem::path file =
      std::filesystem::is_directory(path) ? path / "model.safetensors" : path;
  report.backdoor = scan_for_backdoor(file, options);
  judge_backdoor(*report.backdoor, {.file = file.filename().string(), .member = {}}, findings);
}

}  // namespace

bool AuditReport::is_clean() const {
  return count(Level::warning) == 0 && count(Level::error) == 0;
}

std::size_t AuditReport::count(Level level) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      findings, [&](const Finding& finding) { return finding.rule->level == level; }));
}

AuditReport audit_model(const std::filesystem::path& path,
                        const std::optional<BackdoorScanOptions>& behaviour) {
  ScanReport scan = scan_model(path);
  AuditReport report{.model = path.string(),
                     .audited = utc_now(),
                     .files = std::move(scan.files),
                     .findings = std::move(scan.findings),
                     .weights = {},
                     .backdoor = {}};
  Findings weights;
  const bool is_folder = std::filesystem::is_directory(path);
  for (const ScannedFile& file : report.files) {
    const std::filesystem::path whole = is_folder ? path / file.path : path;
    if (file.kind == "safetensors") {
      measure_file(whole, file.path, report, weights);
    } else if (!file.storages.empty()) {
      measure_storages(whole, file, report, weights);
    }
  }
  if (behaviour) look_for_backdoor(path, *behaviour, report, weights);
  report.findings.insert(report.findings.end(), weights.all().begin(), weights.all().end());
  std::ranges::stable_sort(report.findings, std::ranges::greater{},
                           [](const Finding& finding) { return finding.rule->level; });
  return report;
}

}  // namespace hadal::msp
