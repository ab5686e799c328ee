#include "hadal/draf/plan/replica.h"

#include <algorithm>
#include <cmath>

namespace hadal::draf::plan {
namespace {

double tokens_of(const Arrival& request) {
  return static_cast<double>(request.prompt + request.output);
}

}  // namespace

bool Replica::admits(const Arrival& request) const {
  const auto admitted = static_cast<std::int64_t>(running_.size() + prompts_.size());
  return admitted < batch_ && reserved_tokens_ + tokens_of(request) <= options_.cache_tokens;
}

void Replica::admit(const std::vector<Arrival>& requests) {
  while (!waiting_.empty() && admits(requests[waiting_.front()])) {
    reserved_tokens_ += tokens_of(requests[waiting_.front()]);
    prompts_.push_back({.id = waiting_.front(), .done = 0, .slice = 0});
    waiting_.pop_front();
  }
}

void Replica::submit(std::size_t id, const std::vector<Arrival>& requests, double now) {
  const bool first = waiting_.empty();
  waiting_.push_back(id);
  if (end_ == kNever) {
    begin(requests, now);
  } else if (first && burst_ > 1 && admits(requests[id])) {
    // It comes in at the end of the step under way.
    const auto done = static_cast<std::int64_t>((now - begin_) / step_seconds_) + 1;
    burst_ = std::min(burst_, done);
    end_ = begin_ + static_cast<double>(burst_) * step_seconds_;
  }
}

Step Replica::slice_prompts(const std::vector<Arrival>& requests) {
  std::int64_t left = options_.step_tokens - static_cast<std::int64_t>(running_.size());
  Step step;
  for (Prompt& prompt : prompts_) {
    prompt.slice = std::clamp(left, std::int64_t{0}, requests[prompt.id].prompt - prompt.done);
    left -= prompt.slice;
    if (prompt.slice == 0) continue;
    step = step +
           Step::prefill(1, static_cast<double>(prompt.slice), static_cast<double>(prompt.done));
  }
  return step;
}

void Replica::begin(const std::vector<Arrival>& requests, double now) {
  admit(requests);
  if (running_.empty() && prompts_.empty()) {
    end_ = kNever;
    return;
  }
  const Step prompts = slice_prompts(requests);
  burst_ = prompts.tokens > 0 ? 1 : running_.top().first - steps_;
  const auto sequences = static_cast<double>(running_.size());
  Step step = prompts;
  if (sequences > 0) {
    // At the mean length during the burst.
    const double grown = cache_tokens_ + sequences * (static_cast<double>(burst_) + 1) / 2;
    step = step + Step::decode(sequences, grown / sequences);
  }
  begin_ = now;
  step_seconds_ = cost_->steady(step).total();
  end_ = now + static_cast<double>(burst_) * step_seconds_;
}

double Replica::finish(const Arrival& request, Progress& progress, double now) {
  progress.last = now;
  reserved_tokens_ -= tokens_of(request);
  return tokens_of(request);
}

double Replica::advance(const std::vector<Arrival>& requests, std::vector<Progress>& progress,
                        double now) {
  double finished = 0;
  busy_ += now - begin_;
  steps_ += burst_;
  cache_tokens_ += static_cast<double>(running_.size()) * static_cast<double>(burst_);
  while (!running_.empty() && running_.top().first <= steps_) {
    const std::size_t id = running_.top().second;
    running_.pop();
    // The last token of a sequence is never read.
    cache_tokens_ -= tokens_of(requests[id]) - 1;
    finished += finish(requests[id], progress[id], now);
  }
  for (Prompt& prompt : prompts_) prompt.done += prompt.slice;
  while (!prompts_.empty() && prompts_.front().done == requests[prompts_.front().id].prompt) {
    const std::size_t id = prompts_.front().id;
    prompts_.pop_front();
    progress[id].first = now;
    if (requests[id].output == 1) {
      finished += finish(requests[id], progress[id], now);
      continue;
    }
    cache_tokens_ += static_cast<double>(requests[id].prompt);
    running_.emplace(steps_ + requests[id].output - 1, id);
  }
  begin(requests, now);
  return finished;
}

}  // namespace hadal::draf::plan
