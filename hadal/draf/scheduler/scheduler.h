#pragma once

#include "hadal/draf/cache/sequence_cache.h"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace hadal::draf {

/// What the scheduler knows of a request.
struct Work {
  std::int64_t id = 0;               ///< rises with the time of arrival
  std::vector<std::int64_t> tokens;  ///< the prompt and what was generated
  std::int64_t prompt = 0;           ///< tokens of it
  bool shares = true;                ///< pages with others that begin alike
  std::int64_t computed = 0;         ///< how many have their keys and values in the cache
  std::optional<SequenceCache::Id> sequence = {};  ///< while it runs
  std::optional<std::int64_t> cached = {};  ///< tokens that needed no computing, once it has begun

  std::int64_t pending() const { return static_cast<std::int64_t>(tokens.size()) - computed; }
  std::span<const std::int64_t> computed_tokens() const {
    return std::span(tokens).first(static_cast<std::size_t>(computed));
  }
};

/// The next `count` pending tokens of a request. After the last of them comes a new one.
struct Slice {
  Work* work;
  std::int64_t count;
};

struct SchedulerOptions {
  std::int64_t step_tokens;  ///< the most tokens of a step; at least max_running
  std::int64_t max_running;  ///< requests
};

/// Decides what each step computes: one token of each request that generates, then, as far as
/// step_tokens go, parts of prompts, in the order of arrival. Where pages run out, the latest
/// arrival gives its own up and is computed again later, so that the oldest always goes on. No
/// request may need more pages than the cache has.
class Scheduler {
 public:
  Scheduler(const SchedulerOptions& options, SequenceCache& cache)
      : options_(options), cache_(cache) {}

  /// The work must stay where it is until remove().
  void add(Work& work) { waiting_.emplace(work.id, &work); }
  /// Forgets a request, whose sequence then is the caller's to end.
  void remove(const Work& work);

  /// The slices of the next step, for which there are pages. Empty only where there are no
  /// requests.
  std::vector<Slice> plan();

  std::int64_t waiting() const { return static_cast<std::int64_t>(waiting_.size()); }
  std::int64_t running() const { return static_cast<std::int64_t>(running_.size()); }
  std::int64_t preemptions() const { return preemptions_; }
  std::int64_t cached_tokens() const { return cached_tokens_; }  ///< see EngineFigures

 private:
  struct Step {
    std::vector<Slice> slices = {};
    std::int64_t tokens_left = 0;
    std::int64_t pages = 0;  // that the slices take
    bool preempted = false;
  };

  void plan_running(Step& step, bool generating);
  void plan_waiting(Step& step);
  bool take(Step& step, Work& work);
  bool admit(Work& work);
  void preempt(Step& step, Work& work);
  std::int64_t slice_of(const Step& step, const Work& work) const;
  std::int64_t pages_of(const Slice& slice) const;

  SchedulerOptions options_;
  SequenceCache& cache_;
  std::map<std::int64_t, Work*> waiting_;
  std::map<std::int64_t, Work*> running_;
  std::int64_t preemptions_ = 0;
  std::int64_t cached_tokens_ = 0;
};

}  // namespace hadal::draf
