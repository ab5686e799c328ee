#include "hadal/draf/engine/local_engine.h"

#include "hadal/draf/engine/check_request.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace hadal::draf {

LocalEngine::LocalEngine(EngineParts parts, const EngineOptions& options)
    : parts_(std::move(parts)),
      max_waiting_(options.max_waiting),
      core_(parts_, options),
      figures_(core_.figures()),
      thread_([this] { loop(); }) {}

LocalEngine::~LocalEngine() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

Engine::Id LocalEngine::submit(Request request, Sink sink) {
  check_request(request, parts_, core_.pages());
  const std::lock_guard lock(mutex_);
  const std::int64_t waiting = figures_.waiting + static_cast<std::int64_t>(arrived_.size());
  if (waiting >= max_waiting_) {
    throw QueueFull(concat("engine: ", waiting, " requests wait, as many as may"), retry_after());
  }
  const std::uint64_t seed = std::uint64_t{entropy_()} << 32 | entropy_();
  arrived_.push_back(
      std::make_unique<Generation>(next_, std::move(request), std::move(sink), parts_, seed));
  changed_.notify_all();
  return next_++;
}

void LocalEngine::cancel(Id id) {
  const std::lock_guard lock(mutex_);
  cancelled_.push_back(id);
  changed_.notify_all();
}

EngineFigures LocalEngine::figures() const {
  const std::lock_guard lock(mutex_);
  EngineFigures figures = figures_;
  figures.waiting += static_cast<std::int64_t>(arrived_.size());
  return figures;
}

/// How long those who wait take, by what requests took so far.
double LocalEngine::retry_after() const {
  if (completed_ == 0) return 1;
  const double each = busy_seconds_ / static_cast<double>(completed_);
  return std::clamp(each * static_cast<double>(max_waiting_), 1.0, 60.0);
}

/// Waits for something to do and takes over what has come; false at the end.
bool LocalEngine::receive() {
  Generations arrived;
  std::vector<Id> cancelled;
  bool ending = false;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] {
      return ending_ || core_.has_work() || !arrived_.empty() || !cancelled_.empty();
    });
    // They wait still: the figures must not show fewer.
    figures_.waiting += static_cast<std::int64_t>(arrived_.size());
    arrived = std::exchange(arrived_, {});
    cancelled = std::exchange(cancelled_, {});
    ending = ending_;
  }
  for (auto& generation : arrived) core_.add(std::move(generation));
  for (const Id id : cancelled) core_.cancel(id);
  if (ending) core_.cancel_all();
  return !ending;
}

void LocalEngine::refresh(double seconds) {
  const EngineFigures figures = core_.figures();
  const std::lock_guard lock(mutex_);
  figures_ = figures;
  busy_seconds_ += seconds;
  completed_ = core_.completed();
}

void LocalEngine::loop() {
  using Clock = std::chrono::steady_clock;
  while (receive()) {
    const auto start = Clock::now();
    if (core_.has_work()) core_.step();
    refresh(std::chrono::duration<double>(Clock::now() - start).count());
    core_.deliver();
  }
  core_.deliver();
}

}  // namespace hadal::draf
