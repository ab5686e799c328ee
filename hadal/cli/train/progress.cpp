#include "hadal/cli/train/progress.h"

#include "hadal/bench/report/format.h"
#include "hadal/core/error.h"

#include <iomanip>
#include <map>

namespace hadal::cli {

std::string TrainProgress::time_left(std::int64_t step) const {
  const std::int64_t done = step - begin_;
  if (done <= 0 || step >= end_) return "";
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  return concat(
      "  ",
      bench::format_seconds(seconds / static_cast<double>(done) * static_cast<double>(end_ - step)),
      " left");
}

std::string TrainProgress::text(const hpts::StepMetrics& metrics) const {
  const std::map<std::string, double> values(metrics.values.begin(), metrics.values.end());
  std::string text =
      concat("step ", metrics.step, "/", end_, std::setprecision(4), "  loss ", values.at("loss"),
             std::setprecision(3), "  ", values.at("examples_per_second"), " examples/s  ",
             bench::format_bytes(static_cast<std::int64_t>(values.at("peak_memory_bytes"))),
             " peak  layers:");
  for (const char* precision : {"fp32", "bf16", "fp16"}) {
    const double layers = values.at(concat("layers_", precision));
    if (layers > 0) text += concat(" ", layers, " ", precision);
  }
  return text + time_left(metrics.step);
}

}  // namespace hadal::cli
