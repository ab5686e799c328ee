#pragma once

#include "hadal/msp/audit/weights.h"
#include "hadal/msp/scan/scan.h"

#include <filesystem>
#include <string>
#include <vector>

namespace hadal::msp {

struct AuditReport {
  std::string model;    ///< the path as it was given
  std::string audited;  ///< when, UTC: "2026-01-31T12:00:00Z"
  std::vector<ScannedFile> files;
  std::vector<Finding> findings;
  std::vector<TensorStatistics> weights;  ///< of safetensors and of PyTorch's archives

  /// Whether no finding is a warning or an error.
  bool is_clean() const;
  std::size_t count(Level level) const;
};

/// Scans a model's files as scan_model() does, and measures the tensors of floating point of each
/// sound safetensors file, and the storages of PyTorch's archives. Throws as scan_model().
AuditReport audit_model(const std::filesystem::path& path);

}  // namespace hadal::msp
