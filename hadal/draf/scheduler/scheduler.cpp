#include "hadal/draf/scheduler/scheduler.h"

#include "hadal/dao/block_lists.h"

#include <algorithm>
#include <iterator>

namespace hadal::draf {

using dao::kBlockSize;

void Scheduler::remove(const Work& work) {
  waiting_.erase(work.id);
  running_.erase(work.id);
}

std::vector<Slice> Scheduler::plan() {
  Step step{.tokens_left = options_.step_tokens};
  plan_running(step, /*generating=*/true);
  plan_running(step, /*generating=*/false);
  // What was just given up would come back only to be given up again.
  if (!step.preempted) plan_waiting(step);
  return std::move(step.slices);
}

void Scheduler::plan_running(Step& step, bool generating) {
  for (auto at = running_.begin(); at != running_.end();) {
    const std::int64_t id = at->first;
    Work& work = *at->second;
    if ((work.pending() == 1) == generating && !take(step, work)) return;
    at = running_.upper_bound(id);
  }
}

void Scheduler::plan_waiting(Step& step) {
  while (step.tokens_left > 0 && running() < options_.max_running && !waiting_.empty()) {
    Work& work = *waiting_.begin()->second;
    if (!admit(work) || !take(step, work)) return;
  }
}

std::int64_t Scheduler::pages_of(const Slice& slice) const {
  return cache_.pages_needed(*slice.work->sequence, slice.count);
}

/// How many tokens of a request come into the step. Parts of a prompt end where pages do, so that
/// blocks of queries align with them.
std::int64_t Scheduler::slice_of(const Step& step, const Work& work) const {
  const std::int64_t count = std::min(work.pending(), step.tokens_left);
  if (count == work.pending()) return count;
  const std::int64_t aligned = (work.computed + count) / kBlockSize * kBlockSize - work.computed;
  return aligned > 0 ? aligned : count;
}

/// Adds a slice of a running request; false where it had to give up its pages instead.
bool Scheduler::take(Step& step, Work& work) {
  const Slice slice{&work, slice_of(step, work)};
  if (slice.count == 0) return true;
  const std::int64_t pages = pages_of(slice);
  while (!cache_.make_room(step.pages + pages)) {
    Work& latest = *running_.rbegin()->second;
    preempt(step, latest);
    if (&latest == &work) return false;
  }
  step.slices.push_back(slice);
  step.tokens_left -= slice.count;
  step.pages += pages;
  return true;
}

void Scheduler::preempt(Step& step, Work& work) {
  const auto planned =
      std::ranges::find_if(step.slices, [&](const Slice& slice) { return slice.work == &work; });
  if (planned != step.slices.end()) {
    step.tokens_left += planned->count;
    step.pages -= pages_of(*planned);
    step.slices.erase(planned);
  }
  const SequenceCache::Id sequence = *work.sequence;
  waiting_.insert(running_.extract(work.id));
  cache_.end(sequence, work.shares ? work.computed_tokens() : std::span<const std::int64_t>());
  work.sequence.reset();
  work.computed = 0;
  step.preempted = true;
  ++preemptions_;
}

/// Begins a waiting request where there are pages for all of its prompt, and for all that those
/// running have still to compute.
bool Scheduler::admit(Work& work) {
  const auto begun = cache_.begin(work.tokens, work.shares);
  work.sequence = begun.id;
  work.computed = begun.cached;
  std::int64_t pages = pages_of({&work, work.pending()});
  for (const auto& [id, other] : running_) pages += pages_of({other, other->pending()});
  if (!cache_.make_room(pages)) {
    cache_.drop(begun.id);
    work.sequence.reset();
    work.computed = 0;
    return false;
  }
  if (!work.cached) {
    work.cached = begun.cached;
    cached_tokens_ += begun.cached;
  }
  running_.insert(waiting_.extract(work.id));
  return true;
}

}  // namespace hadal::draf
