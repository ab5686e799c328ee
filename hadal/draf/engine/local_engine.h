#pragma once

#include "hadal/draf/engine/core.h"
#include "hadal/draf/parallel/command_channel.h"

#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>

namespace hadal::draf {

/// An EngineCore in a thread of its own. With `others`, the ranks at the channel's other end do
/// what it does; once one of them fails, all requests do.
class LocalEngine final : public Engine {
 public:
  LocalEngine(EngineParts parts, const EngineOptions& options,
              std::unique_ptr<CommandChannel> others = nullptr);
  ~LocalEngine() override;
  LocalEngine(const LocalEngine&) = delete;
  LocalEngine& operator=(const LocalEngine&) = delete;

  Id submit(Request request, Sink sink) override;
  void cancel(Id id) override;
  EngineFigures figures() const override;

 private:
  void loop();
  void wait();
  Command receive(std::map<Id, Sink>& sinks);
  void lead(Command& command);
  void give_up(const std::string& why);
  void refresh(double seconds);
  double retry_after() const;

  const EngineParts parts_;
  const std::int64_t max_waiting_;
  const std::unique_ptr<CommandChannel> others_;
  EngineCore core_;  // the thread's
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Under the mutex.
  std::vector<std::pair<Submission, Sink>> arrived_;
  std::vector<Id> cancelled_;
  bool ending_ = false;
  std::string failure_;  // of all that is to come; empty where there is none
  EngineFigures figures_;
  double busy_seconds_ = 0;
  std::int64_t completed_ = 0;
  Id next_ = 0;
  std::random_device entropy_;
  std::thread thread_;
};

}  // namespace hadal::draf
