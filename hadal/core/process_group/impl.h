#pragma once

// What a group is made of; includes c10d, which is slow to compile.

#include "hadal/core/process_group/heartbeat.h"
#include "hadal/core/process_group/process_group.h"

#include <functional>

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
  c10::intrusive_ptr<c10d::ProcessGroup> c10d;  ///< null for one process
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
};

/// Starts `collective` of `group`, and explains its failure.
std::shared_ptr<PendingCollective::Work> begin(
    const std::shared_ptr<ProcessGroup::Impl>& group, const std::string& what,
    const std::function<c10::intrusive_ptr<c10d::Work>(c10d::ProcessGroup&)>& collective);

/// What c10d says, without its stack.
std::string first_line(const std::exception& error);

/// Connects all ranks of `job` under a prefix of the store of their own.
std::shared_ptr<ProcessGroup::Impl> connect(const std::shared_ptr<Job>& job);

}  // namespace hadal
