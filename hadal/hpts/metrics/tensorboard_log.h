#pragma once

#include "hadal/hpts/metrics/metrics.h"

#include <filesystem>
#include <fstream>
#include <string>

namespace hadal::hpts {

/// One record of a TensorBoard event file (TFRecord): length, its checksum, data, its checksum.
std::string tensorboard_record(const std::string& data);
/// The event that begins each file.
std::string tensorboard_version_event(double wall_time);
/// An event with each value as a scalar (tensorflow/core/util/event.proto; values become fp32).
std::string tensorboard_event(const StepMetrics& metrics);

/// Writes scalars for TensorBoard: `tensorboard --logdir FOLDER`. Each run begins a new file in the
/// folder, as TensorBoard expects; of steps that a resumed run does again, it shows the newer.
class TensorBoardLog : public MetricsLog {
 public:
  /// Makes the folder where there is none. Throws IoError where folder or file cannot be made.
  explicit TensorBoardLog(const std::filesystem::path& folder);
  void write(const StepMetrics& metrics) override;

 private:
  void append(const std::string& event);

  std::filesystem::path path_;
  std::ofstream file_;
};

}  // namespace hadal::hpts
