#pragma once

#include "hadal/hpts/metrics/metrics.h"

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

namespace hadal::hpts {

/// Writes a line of comma-separated values a step, under a header with "step", "wall_time" and the
/// names of the first step's values.
class CsvLog : public MetricsLog {
 public:
  /// Starts `path` anew; or, where `resume_after` says after which step the run goes on and the
  /// file is there, keeps its lines up to that step and adds to them. Throws IoError where the file
  /// cannot be written, and FormatError where an old one is no such table.
  explicit CsvLog(std::filesystem::path path, std::optional<std::int64_t> resume_after = {});

  /// Throws InvalidArgument where the names are not those of the header.
  void write(const StepMetrics& metrics) override;

 private:
  std::filesystem::path path_;
  std::string header_;  // empty until the first step
  std::ofstream file_;
};

}  // namespace hadal::hpts
