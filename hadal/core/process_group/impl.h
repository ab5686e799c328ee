#pragma once

// What a group is made of; includes c10d, which is slow to compile.

#include "hadal/core/process_group/heartbeat.h"
#include "hadal/core/process_group/process_group.h"
#include "hadal/core/process_group/traffic.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>

namespace hadal {

/// What all groups of a job share.
struct Job {
  Rendezvous place;
  ProcessGroupOptions options;
  std::string backend;
  KeyStore store;                        ///< for set-up; one thread at a time
  std::unique_ptr<Heartbeat> heartbeat;  ///< is destroyed first
  int groups = 0;
};

struct ProcessGroup::Impl {
  std::shared_ptr<Job> job;                     ///< null for one process
  c10::intrusive_ptr<c10d::ProcessGroup> c10d;  ///< null for a group of one
  int rank = 0;                                 ///< of this process in the group
  std::vector<int> members = {0};               ///< their ranks in the job, ascending
  std::shared_ptr<TrafficMeter> traffic = std::make_shared<TrafficMeter>();
  std::size_t channel = 0;
  std::uint64_t finished = 0;  ///< collectives
  std::uint64_t exchanges = 0;

  /// Throws PeerError: `cause` is what c10d says.
  [[noreturn]] void fail(const std::string& what, const std::string& cause);
};

struct PendingCollective::Work {
  std::shared_ptr<ProcessGroup::Impl> group;
  c10::intrusive_ptr<c10d::Work> work;  ///< null once waited for
  std::string what;
  bool ends_at_wait = false;  ///< for the meter, as c10d does not tell when it ends
};

/// Starts `collective` of `group`, on so many bytes of this rank, and explains its failure.
std::shared_ptr<PendingCollective::Work> begin(
    const std::shared_ptr<ProcessGroup::Impl>& group, const std::string& what, std::size_t bytes,
    const std::function<c10::intrusive_ptr<c10d::Work>(c10d::ProcessGroup&)>& collective);

/// What c10d says, without its stack.
std::string first_line(const std::exception& error);

/// Connects those ranks of `job`, ascending, this one among them, under a prefix of the store of
/// their own. Each rank of the job has to call it, for a group of its own where it is no member.
std::shared_ptr<ProcessGroup::Impl> connect(const std::shared_ptr<Job>& job,
                                            const std::vector<int>& members);

}  // namespace hadal
