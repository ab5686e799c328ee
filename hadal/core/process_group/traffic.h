#pragma once

#include "hadal/core/process_group/process_group.h"

#include <chrono>
#include <mutex>

namespace hadal {

/// Measures a group's Traffic. Collectives may end in any thread.
class TrafficMeter {
 public:
  using Clock = std::chrono::steady_clock;

  void begin(std::int64_t bytes);
  void end();
  void wait(Clock::duration time);
  Traffic read() const;

 private:
  mutable std::mutex mutex_;
  Traffic seen_;
  int under_way_ = 0;
  Clock::time_point since_;  // since when there is one under way
};

}  // namespace hadal
