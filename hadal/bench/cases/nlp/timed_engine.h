#pragma once

#include "hadal/draf/engine/engine.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

namespace hadal::bench {

/// Another engine, and when requests reached it and their texts left it.
class TimedEngine final : public draf::Engine {
 public:
  using Clock = std::chrono::steady_clock;

  struct Times {
    Clock::time_point submitted = {};
    std::vector<Clock::time_point> bytes_at = {};  ///< when each byte of its text was given out
  };

  explicit TimedEngine(draf::Engine& engine) : engine_(engine) {}

  Id submit(draf::Request request, Sink sink) override;
  void cancel(Id id) override { engine_.cancel(id); }
  draf::EngineFigures figures() const override { return engine_.figures(); }

  /// Those of the last request with this prompt, which must have ended.
  Times times_of(const std::vector<std::int64_t>& prompt) const;

 private:
  draf::Engine& engine_;
  mutable std::mutex mutex_;
  std::map<std::vector<std::int64_t>, Times> times_;
};

}  // namespace hadal::bench
