#pragma once

#include "hadal/draf/engine/core.h"

#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>

namespace hadal::draf {

/// An EngineCore in a thread of its own.
class LocalEngine final : public Engine {
 public:
  LocalEngine(EngineParts parts, const EngineOptions& options);
  ~LocalEngine() override;
  LocalEngine(const LocalEngine&) = delete;
  LocalEngine& operator=(const LocalEngine&) = delete;

  Id submit(Request request, Sink sink) override;
  void cancel(Id id) override;
  EngineFigures figures() const override;

 private:
  using Generations = std::vector<std::unique_ptr<Generation>>;

  void loop();
  bool receive();
  void refresh(double seconds);
  double retry_after() const;

  const EngineParts parts_;
  const std::int64_t max_waiting_;
  EngineCore core_;  // the thread's
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Under the mutex.
  Generations arrived_;
  std::vector<Id> cancelled_;
  bool ending_ = false;
  EngineFigures figures_;
  double busy_seconds_ = 0;
  std::int64_t completed_ = 0;
  Id next_ = 0;
  std::random_device entropy_;
  std::thread thread_;
};

}  // namespace hadal::draf
