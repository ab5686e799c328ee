#include "hadal/bench/cases/nlp/timed_engine.h"

#include <utility>

namespace hadal::bench {

draf::Engine::Id TimedEngine::submit(draf::Request request, Sink sink) {
  Times* times;
  {
    const std::lock_guard lock(mutex_);
    times = &times_[request.prompt];  // stays where it is
    *times = {.submitted = Clock::now()};
  }
  return engine_.submit(
      std::move(request), [this, times, sink = std::move(sink)](draf::Output output) {
        const auto now = Clock::now();
        {
          const std::lock_guard lock(mutex_);
          times->bytes_at.resize(times->bytes_at.size() + output.text.size(), now);
        }
        sink(std::move(output));
      });
}

TimedEngine::Times TimedEngine::times_of(const std::vector<std::int64_t>& prompt) const {
  const std::lock_guard lock(mutex_);
  return times_.at(prompt);
}

}  // namespace hadal::bench
