#include "hadal/hpts/distributed/hook_thread.h"

#include <c10/core/GradMode.h>

namespace hadal::hpts {

HookThread::HookThread(GradientHook& hook, std::shared_ptr<ProcessGroup> group)
    : hook_(hook), group_(std::move(group)), thread_([this] { run(); }) {}

HookThread::~HookThread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void HookThread::add(GradientBucket bucket, bool last, Done done) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back({std::move(bucket), last, std::move(done)});
  }
  changed_.notify_all();
}

void HookThread::run() {
  const c10::AutoGradMode without_gradients(false);
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (jobs_.empty()) break;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    take(std::move(job));
    lock.lock();
  }
  // A step that ended in the middle: its futures have no one to complete them but us.
  fail(std::make_exception_ptr(Error("the step was given up before its last bucket")));
}

void HookThread::take(Job job) {
  if (failure_) return job.done(failure_);
  try {
    if (!in_step_) hook_.begin_step();
    in_step_ = !job.last;
    flights_.push_back({nullptr, std::move(job.done)});
    flights_.back().reduction = hook_.begin(std::move(job.bucket), *group_);
    advance(1);
    while (job.last && !flights_.empty()) advance(0);
  } catch (...) {
    failure_ = std::current_exception();
    fail(failure_);
  }
}

void HookThread::advance(std::size_t kept) {
  const std::size_t count = flights_.size() > kept ? flights_.size() - kept : 0;
  std::size_t at = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (!flights_[at].reduction->advance()) {
      ++at;
      continue;
    }
    flights_[at].done(nullptr);
    flights_.erase(flights_.begin() + static_cast<std::ptrdiff_t>(at));
  }
}

void HookThread::fail(std::exception_ptr error) {
  for (Flight& flight : flights_) flight.done(error);
  flights_.clear();
}

}  // namespace hadal::hpts
