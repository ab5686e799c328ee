#pragma once

#include "hadal/core/process_group/process_group.h"

#include <array>
#include <memory>
#include <string>
#include <vector>

namespace hadal::bench {

/// Two processes of this program, each in a network namespace of its own, with a pair of virtual
/// network devices between them whose rate is limited in both directions (tc's token bucket). They
/// run a case's `work` and answer commands, a line each.
class LinkedWorkers {
 public:
  /// Starts `hadal bench worker <case_id> <rank>` as rank 0 and 1. Throws Unsupported, with the
  /// reason, where this machine does not let it: not root, or no unshare, ip, tc or nsenter.
  explicit LinkedWorkers(const std::string& case_id);
  /// Ends the processes, with which their namespaces and devices vanish.
  ~LinkedWorkers();
  LinkedWorkers(const LinkedWorkers&) = delete;
  LinkedWorkers& operator=(const LinkedWorkers&) = delete;

  /// Limits the link; 0 lifts the limit.
  void set_rate(double bits_per_second);
  /// Sends `command` to both and waits for both. Returns rank 0's answer. Throws Error where a
  /// process ended instead.
  std::string ask(const std::string& command);

 private:
  struct Worker;
  void join_by_link();

  std::array<std::unique_ptr<Worker>, 2> workers_;
};

// The other end, in the worker.

/// The group of both workers, over the link.
std::shared_ptr<ProcessGroup> linked_group(int rank);
/// Tells that the process runs, and returns once the link is there.
void await_link();
/// The next command; empty where there will be none.
std::string next_command();
void answer(const std::string& text);

}  // namespace hadal::bench
