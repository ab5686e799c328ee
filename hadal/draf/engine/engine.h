#pragma once

#include "hadal/core/error.h"
#include "hadal/core/process_group/process_group.h"
#include "hadal/draf/engine/request.h"

#include <cstdint>
#include <functional>

namespace hadal::draf {

/// As many requests wait as may.
class QueueFull : public Error {
 public:
  QueueFull(const std::string& what, double retry_after_seconds)
      : Error(what), retry_after_seconds_(retry_after_seconds) {}
  double retry_after_seconds() const noexcept { return retry_after_seconds_; }

 private:
  double retry_after_seconds_;
};

/// What an engine is doing and has done, for people and Prometheus.
struct EngineFigures {
  std::int64_t waiting = 0;  ///< requests that have not begun
  std::int64_t running = 0;
  std::int64_t pages = 0;             ///< of the KV cache
  std::int64_t free_pages = 0;        ///< free now, or as soon as another needs them
  std::int64_t prompt_tokens = 0;     ///< computed since the start
  std::int64_t cached_tokens = 0;     ///< of prompts, whose keys and values were there already
  std::int64_t generated_tokens = 0;  ///< since the start
  std::int64_t preemptions = 0;       ///< requests that lost their pages and were computed again
  std::int64_t steps = 0;             ///< passes over the model
  double kept = 1;  ///< share of the pairs of a query and a key that attention looked at, lately
  double missing_mass = 0;           ///< mean share of attention that sparse attention left out
  double attention_flops = 0;        ///< of the pairs that attention looked at, since the start
  double dense_attention_flops = 0;  ///< of all pairs that see each other, since the start
  Traffic sums = {};                 ///< among the ranks of a stage: the sums of tensor parallelism
  Traffic sends = {};                ///< to the next stage of a pipeline
  bool failed = false;  ///< for good, as another rank is lost: no request can run any more
};

/// Generates for many requests at a time. All members may be called from any thread.
class Engine {
 public:
  using Id = std::int64_t;
  /// Takes the parts of a request's output in order, the last with `finish` set, each in one of the
  /// engine's threads: it must be quick, must not throw and must not call the engine.
  using Sink = std::function<void(Output)>;

  virtual ~Engine() = default;

  /// Throws InvalidArgument for a request that can never run (ids outside of the vocabulary, a
  /// prompt that fills the context, options out of range), naming the field, and QueueFull.
  virtual Id submit(Request request, Sink sink) = 0;
  /// Ends a request soon, with FinishReason::cancelled, and frees what it held. Does nothing for
  /// one that has ended.
  virtual void cancel(Id id) = 0;
  virtual EngineFigures figures() const = 0;
};

}  // namespace hadal::draf
