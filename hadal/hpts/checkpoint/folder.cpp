#include "hadal/hpts/checkpoint/folder.h"

#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/core/log.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <iomanip>
#include <ios>
#include <set>
#include <string>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace hadal::hpts {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "step-";
constexpr std::string_view kSuffix = ".safetensors";
constexpr std::string_view kRankPrefix = "rank-";
constexpr std::string_view kTemporaryPrefix = ".hadal-";  // of AtomicFile

std::string folder_of(int rank, int count) { return concat(kRankPrefix, rank, "-of-", count); }

/// Opens and locks a file in `folder`, which a killed process leaves behind unlocked.
int lock(const fs::path& folder) {
  const fs::path path = folder / "lock";
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor < 0) {
    throw IoError(
        concat("cannot open ", path.string(), ": ", std::generic_category().message(errno)));
  }
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    ::close(descriptor);
    throw IoError(concat("another process writes checkpoints to ", folder.string()),
                  "end it first, or name another folder");
  }
  return descriptor;
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  return names;
}

/// The step of a file's name; files of other names are none of ours.
std::optional<std::int64_t> step_of(std::string_view name) {
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return std::nullopt;
  name.remove_prefix(kPrefix.size());
  name.remove_suffix(kSuffix.size());
  std::int64_t step = 0;
  const auto [stop, error] = std::from_chars(name.data(), name.data() + name.size(), step);
  if (error != std::errc() || stop != name.data() + name.size() || step < 0) return std::nullopt;
  return step;
}

std::set<std::int64_t> steps_in(const fs::path& folder) {
  std::set<std::int64_t> steps;
  for (const auto& name : names_in(folder)) {
    if (const auto step = step_of(name)) steps.insert(*step);
  }
  return steps;
}

void remove_file(const fs::path& file) {
  std::error_code ignored;  // an old file too many does no harm
  fs::remove(file, ignored);
}

}  // namespace

CheckpointFolder::CheckpointFolder(fs::path folder, Rank rank, std::int64_t keep)
    : folder_(std::move(folder)), rank_(rank), keep_(keep) {
  if (rank.index < 0 || rank.index >= rank.count) {
    throw InvalidArgument(concat("CheckpointFolder: expected a rank from 0 to below ", rank.count,
                                 ", got ", rank.index));
  }
  if (keep < 2) {
    throw InvalidArgument(
        concat("CheckpointFolder: expected 2 or more checkpoints to keep, got ", keep));
  }
  own_ = folder_ / folder_of(rank.index, rank.count);
  make_folder(own_);
  lock_ = lock(own_);
  for (const auto& name : names_in(own_)) {
    if (name.starts_with(kTemporaryPrefix)) remove_file(own_ / name);
  }
}

CheckpointFolder::~CheckpointFolder() {
  if (lock_ >= 0) ::close(lock_);
}

fs::path CheckpointFolder::file_of(std::int64_t step) const {
  return own_ / concat(kPrefix, std::setfill('0'), std::setw(9), step, kSuffix);
}

void CheckpointFolder::save(const Checkpoint& checkpoint) {
  write_checkpoint(file_of(checkpoint.step), checkpoint);
  const auto steps = steps_in(own_);
  std::int64_t kept = 0;
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    if (++kept > keep_) remove_file(file_of(*step));
  }
}

void CheckpointFolder::refuse_other_counts() const {
  for (const auto& name : names_in(folder_)) {
    if (!name.starts_with(concat(kRankPrefix, "0-of-")) || name == folder_of(0, rank_.count) ||
        steps_in(folder_ / name).empty()) {
      continue;
    }
    throw InvalidArgument(
        concat(folder_.string(), ": its checkpoints are of ", name.substr(name.rfind('-') + 1),
               " processes, but this run has ", rank_.count),
        "start as many processes as before, or name another folder");
  }
}

std::vector<std::int64_t> CheckpointFolder::steps() const {
  std::set<std::int64_t> common = steps_in(own_);
  for (int other = 0; other < rank_.count; ++other) {
    const auto theirs = steps_in(folder_ / folder_of(other, rank_.count));
    std::erase_if(common, [&](std::int64_t step) { return !theirs.contains(step); });
  }
  if (common.empty()) refuse_other_counts();
  return {common.rbegin(), common.rend()};
}

Checkpoint CheckpointFolder::load(std::int64_t step) const {
  const fs::path file = file_of(step);
  Checkpoint checkpoint = read_checkpoint(file);
  if (checkpoint.step != step) {
    throw FormatError(concat(file.string(), ": it is a checkpoint of step ", checkpoint.step),
                      "give the file its old name back");
  }
  return checkpoint;
}

std::optional<Checkpoint> CheckpointFolder::load_latest(
    const std::function<bool(std::int64_t step, bool lacks)>& any_lacks) const {
  for (const std::int64_t step : steps()) {
    std::optional<Checkpoint> checkpoint;
    try {
      checkpoint = load(step);
    } catch (const Error& error) {
      log(LogLevel::warning, concat(error.what(), "; trying the checkpoint before it"));
    }
    if (any_lacks ? !any_lacks(step, !checkpoint) : checkpoint.has_value()) return checkpoint;
  }
  return std::nullopt;
}

}  // namespace hadal::hpts
