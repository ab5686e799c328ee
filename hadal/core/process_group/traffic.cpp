#include "hadal/core/process_group/traffic.h"

namespace hadal {
namespace {

double seconds(TrafficMeter::Clock::duration time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

void TrafficMeter::begin(std::int64_t bytes) {
  const std::lock_guard lock(mutex_);
  seen_.bytes += bytes;
  if (under_way_++ == 0) since_ = Clock::now();
}

void TrafficMeter::end() {
  const std::lock_guard lock(mutex_);
  if (--under_way_ == 0) seen_.seconds += seconds(Clock::now() - since_);
}

void TrafficMeter::wait(Clock::duration time) {
  const std::lock_guard lock(mutex_);
  seen_.waited += seconds(time);
}

Traffic TrafficMeter::read() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

}  // namespace hadal
