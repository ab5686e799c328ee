#pragma once

#include "hadal/msp/audit/backdoor_scan.h"
#include "hadal/msp/audit/weights.h"
#include "hadal/msp/scan/scan.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace hadal::msp {

struct AuditReport {
  std::string model;    ///< the path as it was given
  std::string audited;  ///< when, UTC: "2026-01-31T12:00:00Z"
  std::vector<ScannedFile> files;
  std::vector<Finding> findings;
  std::vector<TensorStatistics> weights;  ///< of safetensors and of PyTorch's archives
  std::optional<BackdoorScan> backdoor;   ///< where one was asked for

  /// Whether no finding is a warning or an error.
  bool is_clean() const;
  std::size_t count(Level level) const;
};

/// Scans a model's files as scan_model() does, and measures the tensors of floating point of each
/// sound safetensors file, and the storages of PyTorch's archives. With `behaviour`, also runs the
/// model, which is then a safetensors file or a folder with a model.safetensors, and looks for a
/// backdoor; unless something of it was malformed. Throws as scan_model() and scan_for_backdoor().
AuditReport audit_model(const std::filesystem::path& path,
                        const std::optional<BackdoorScanOptions>& behaviour = {});

}  // namespace hadal::msp
