#pragma once

#include "hadal/hpts/checkpoint/checkpoint.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <vector>

namespace hadal::hpts {

/// Which of the processes that train together this is.
struct Rank {
  int index = 0;
  int count = 1;
};

/// The checkpoints of one run: a folder in which each process has one of its own, and in that a
/// file a step, "rank-0-of-2/step-000000100.safetensors". While the object lives it holds a lock on
/// its process's folder, so that two runs cannot mix; the lock ends with the process, however that
/// ends.
class CheckpointFolder {
 public:
  /// Makes the folders where there are none, and removes what a killed process left half-written.
  /// `keep` checkpoints stay, the newest. Throws InvalidArgument for a rank outside of its count or
  /// fewer than 2 to keep (processes may be one apart), and IoError where the folder cannot be made
  /// or another process has its lock.
  explicit CheckpointFolder(std::filesystem::path folder, Rank rank = {}, std::int64_t keep = 2);
  ~CheckpointFolder();
  CheckpointFolder(const CheckpointFolder&) = delete;
  CheckpointFolder& operator=(const CheckpointFolder&) = delete;

  /// Writes this rank's checkpoint, then removes its old ones. Throws as write_checkpoint() does.
  void save(const Checkpoint& checkpoint);

  /// The steps of which the files of all ranks are there, the newest first. Throws InvalidArgument
  /// where there are none, but some that another number of processes wrote.
  std::vector<std::int64_t> steps() const;
  /// This rank's checkpoint of `step`. Throws as read_checkpoint() does.
  Checkpoint load(std::int64_t step) const;
  /// The newest of steps() that reads back whole, or nothing where there is none. Those that do not
  /// are named in the log. Several processes have to agree on the step: `any_lacks` is called in
  /// each of them, with a step and whether this process lacks it, and says whether any does.
  std::optional<Checkpoint> load_latest(
      const std::function<bool(std::int64_t step, bool lacks)>& any_lacks = {}) const;

 private:
  std::filesystem::path file_of(std::int64_t step) const;
  void refuse_other_counts() const;

  std::filesystem::path folder_;  // of the run
  std::filesystem::path own_;     // of this process
  Rank rank_;
  std::int64_t keep_;
  int lock_ = -1;
};

}  // namespace hadal::hpts
