#pragma once

#include "hadal/hpts/metrics/metrics.h"

#include <chrono>
#include <cstdint>
#include <string>

namespace hadal::cli {

/// What `hadal train` shows of a run's figures: "step 120/300  loss 0.412  810 examples/s  61.3 MiB
/// peak  layers: 20 bf16, 2 fp32  1 min 12 s left".
class TrainProgress {
 public:
  /// The run goes from step `begin` to step `end`.
  TrainProgress(std::int64_t begin, std::int64_t end) : begin_(begin), end_(end) {}

  std::string text(const hpts::StepMetrics& metrics) const;

 private:
  std::string time_left(std::int64_t step) const;

  std::int64_t begin_;
  std::int64_t end_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace hadal::cli
