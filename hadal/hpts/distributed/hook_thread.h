#pragma once

#include "hadal/hpts/distributed/hook.h"

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace hadal::hpts {

/// The thread that runs a hook: it takes buckets in the order in which they come, and ends its
/// step's work with the last one, so that all ranks begin their collectives in the same order.
/// Waiting in a thread of our own keeps both backward and the backend's threads free.
class HookThread {
 public:
  /// Is told when a bucket's buffer holds its result, or, with an error, that it never will.
  using Done = std::function<void(std::exception_ptr)>;

  HookThread(GradientHook& hook, std::shared_ptr<ProcessGroup> group);
  /// Waits for the work at hand.
  ~HookThread();
  HookThread(const HookThread&) = delete;
  HookThread& operator=(const HookThread&) = delete;

  /// `last` says that no bucket of this step will follow.
  void add(GradientBucket bucket, bool last, Done done);

 private:
  struct Job {
    GradientBucket bucket;
    bool last;
    Done done;
  };
  struct Flight {
    std::unique_ptr<BucketReduction> reduction;
    Done done;
  };

  void run();
  void take(Job job);
  /// Lets each bucket but the newest `kept` go one step on, the oldest first.
  void advance(std::size_t kept);
  void fail(std::exception_ptr error);

  GradientHook& hook_;
  const std::shared_ptr<ProcessGroup> group_;
  std::deque<Flight> flights_;  // of this thread alone, as are the two below
  std::exception_ptr failure_;  // all that follows fails likewise
  bool in_step_ = false;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  bool stopping_ = false;
  std::thread thread_;  // the last member: it uses the others
};

}  // namespace hadal::hpts
