#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace hadal::hpts {

/// Figures of a training run after `step` steps, in the order in which they are shown.
struct StepMetrics {
  std::int64_t step = 0;
  double wall_time = 0;                                     ///< seconds since 1970
  std::vector<std::pair<std::string, double>> values = {};  ///< "loss" and 0.25
};

/// Where the figures of a run go.
class MetricsLog {
 public:
  virtual ~MetricsLog() = default;
  /// Steps come in order; what one call gave is with the operating system when it returns. Throws
  /// IoError.
  virtual void write(const StepMetrics& metrics) = 0;
};

}  // namespace hadal::hpts
