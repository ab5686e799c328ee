#pragma once

#include "hadal/core/process_group/process_group.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace hadal::bench {

/// Processes of this program, each in a network namespace of its own, with a pair of virtual
/// network devices between each two of them whose rate is limited in both directions (tc's token
/// bucket). They run a case's `work` and answer commands, a line each.
class LinkedWorkers {
 public:
  /// Starts `hadal bench worker <case_id> <rank>` as rank 0 to ranks - 1. Throws Unsupported, with
  /// the reason, where this machine does not let it: not root, or no unshare, ip, tc or nsenter.
  explicit LinkedWorkers(const std::string& case_id, int ranks = 2);
  /// Ends the processes, with which their namespaces and devices vanish.
  ~LinkedWorkers();
  LinkedWorkers(const LinkedWorkers&) = delete;
  LinkedWorkers& operator=(const LinkedWorkers&) = delete;

  /// Limits each link, in either direction; 0 lifts the limit.
  void set_rate(double bits_per_second) {
    set_rates([&](int, int) { return bits_per_second; });
  }
  /// The same, to what `rate_of(rank, other)` says.
  void set_rates(const std::function<double(int, int)>& rate_of);
  /// Sends `command` to all and waits for all. Returns rank 0's answer. Throws Error where a
  /// process ended instead.
  std::string ask(const std::string& command) { return ask_all(command).front(); }
  /// The same; returns all answers.
  std::vector<std::string> ask_all(const std::string& command);

 private:
  struct Worker;
  void address(int rank) const;
  void join_by_link(int a, int b) const;
  std::string inside(int rank) const;
  void limit(int rank, int other, double bits_per_second) const;

  std::vector<std::unique_ptr<Worker>> workers_;
};

// The other end, in the worker.

/// The group of all workers, over the links.
std::shared_ptr<ProcessGroup> linked_group(int rank, int ranks = 2);
/// Tells that the process runs, and returns once the link is there.
void await_link();
/// The next command; empty where there will be none.
std::string next_command();
void answer(const std::string& text);

}  // namespace hadal::bench
