#include "hadal/draf/engine/local_engine.h"

#include "hadal/draf/engine/check_request.h"
#include "hadal/draf/engine/run_command.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace hadal::draf {

LocalEngine::LocalEngine(EngineParts parts, const EngineOptions& options,
                         std::unique_ptr<CommandChannel> others)
    : parts_(std::move(parts)),
      max_waiting_(options.max_waiting),
      others_(std::move(others)),
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
  if (!failure_.empty()) throw Error(failure_);
  const std::int64_t waiting = figures_.waiting + static_cast<std::int64_t>(arrived_.size());
  if (waiting >= max_waiting_) {
    throw QueueFull(concat("engine: ", waiting, " requests wait, as many as may"), retry_after());
  }
  const std::uint64_t seed = std::uint64_t{entropy_()} << 32 | entropy_();
  arrived_.push_back({{.id = next_, .seed = seed, .request = std::move(request)}, std::move(sink)});
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
  figures.failed = !failure_.empty();
  return figures;
}

/// How long those who wait take, by what requests took so far.
double LocalEngine::retry_after() const {
  if (completed_ == 0) return 1;
  const double each = busy_seconds_ / static_cast<double>(completed_);
  return std::clamp(each * static_cast<double>(max_waiting_), 1.0, 60.0);
}

/// Waits for something to do, or for the time to tell the other ranks that there is nothing.
void LocalEngine::wait() {
  std::unique_lock lock(mutex_);
  const auto has_work = [&] {
    return ending_ || core_.has_work() || !arrived_.empty() || !cancelled_.empty();
  };
  if (others_) {
    changed_.wait_for(lock, others_->longest_silence(), has_work);
  } else {
    changed_.wait(lock, has_work);
  }
}

/// Takes over what has come.
Command LocalEngine::receive(std::map<Id, Sink>& sinks) {
  const std::lock_guard lock(mutex_);
  // They wait still: the figures must not show fewer.
  figures_.waiting += static_cast<std::int64_t>(arrived_.size());
  Command command{.cancelled = std::exchange(cancelled_, {}), .end = ending_};
  for (auto& [submission, sink] : std::exchange(arrived_, {})) {
    sinks.emplace(submission.id, std::move(sink));
    command.arrived.push_back(std::move(submission));
  }
  command.step = !command.end && (core_.has_work() || !command.arrived.empty());
  return command;
}

/// Nothing can be computed any more.
void LocalEngine::give_up(const std::string& why) {
  const std::lock_guard lock(mutex_);
  failure_ = why;
}

/// Has the other ranks do the same, if they still can.
void LocalEngine::lead(Command& command) {
  if (!others_ || !failure_.empty()) return;
  command.steps = core_.figures().steps;
  command.digest = core_.digest();
  try {
    others_->send(command);
  } catch (const std::exception& error) {
    give_up(error.what());
  }
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
  for (bool ending = false; !ending;) {
    wait();
    std::map<Id, Sink> sinks;
    Command command = receive(sinks);
    ending = command.end;
    lead(command);
    const auto start = Clock::now();
    command.step = command.step && failure_.empty();
    run(std::move(command), sinks, parts_, core_);
    if (others_ && !core_.failure().empty()) give_up(core_.failure());
    if (!failure_.empty()) core_.fail_all(failure_);
    refresh(std::chrono::duration<double>(Clock::now() - start).count());
    core_.deliver();
  }
}

}  // namespace hadal::draf
