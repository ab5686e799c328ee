#include "hadal/draf/engine/core.h"

#include "hadal/core/error.h"
#include "hadal/core/log.h"
#include "hadal/core/random.h"
#include "hadal/draf/engine/micro_batches.h"
#include "hadal/draf/engine/pass.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>

namespace hadal::draf {
namespace {

/// Whether a slice holds all pending tokens of its request.
bool completes(const Slice& slice) { return slice.count == slice.work->pending(); }

std::int64_t tokens_of(const std::vector<Slice>& slices) {
  std::int64_t tokens = 0;
  for (const Slice& slice : slices) tokens += slice.count;
  return tokens;
}

/// The logits of all parts of a step, dense.
at::Tensor joined(const std::vector<at::Tensor>& parts) {
  return parts.size() == 1 ? parts.front().contiguous() : at::cat(parts);
}

}  // namespace

EngineCore::EngineCore(const EngineParts& parts, const EngineOptions& options)
    : parts_(parts),
      options_(options),
      cache_(cache_options(parts.model->shape(), options)),
      scheduler_({.step_tokens = options.step_tokens, .max_running = options.max_running}, cache_),
      attention_(parts.model->shape(), options.sparsity, cache_) {}

void EngineCore::add(std::unique_ptr<Generation> generation) {
  // What a canary computes must not reach the others.
  generation->shares = !is_canary(*generation);
  const auto& placed = generations_.emplace(generation->id, std::move(generation)).first->second;
  scheduler_.add(*placed);
}

void EngineCore::cancel(std::int64_t id) {
  const auto found = generations_.find(id);
  if (found != generations_.end()) finish(id, found->second->end(FinishReason::cancelled));
}

void EngineCore::cancel_all() {
  while (!generations_.empty()) cancel(generations_.begin()->first);
}

void EngineCore::fail_all(const std::string& why) {
  while (!generations_.empty()) {
    const auto& [id, generation] = *generations_.begin();
    finish(id, generation->end(FinishReason::error, why));
  }
}

void EngineCore::give(const Generation& generation, Output output) {
  outbox_.emplace_back(generation.sink(), std::move(output));
}

void EngineCore::deliver() {
  for (auto& [sink, output] : std::exchange(outbox_, {})) {
    try {
      (*sink)(std::move(output));
    } catch (const std::exception& error) {
      log(LogLevel::error, concat("the sink of a request threw: ", error.what()));
    }
  }
}

/// Forgets a request and gives its last output out.
void EngineCore::finish(std::int64_t id, Output output) {
  const auto generation = std::move(generations_.extract(id).mapped());
  scheduler_.remove(*generation);
  if (generation->sequence) {
    // Where something went wrong, layers may hold different tokens, or no numbers.
    if (output.finish == FinishReason::error || !generation->shares) {
      cache_.drop(*generation->sequence);
    } else {
      cache_.end(*generation->sequence, generation->computed_tokens());
    }
  }
  if (output.finish != FinishReason::cancelled) ++completed_;
  give(*generation, std::move(output));
}

void EngineCore::fail(const std::vector<std::int64_t>& ids, const std::string& why) {
  log(LogLevel::error, concat("a step of ", ids.size(), " requests failed: ", why));
  for (const std::int64_t id : ids) {
    const auto found = generations_.find(id);
    if (found == generations_.end()) continue;  // it had ended before the step failed
    finish(id, found->second->end(FinishReason::error, why));
  }
}

/// Whom a failure to plan a step may be due to: those who run, or else the first to come.
std::vector<std::int64_t> EngineCore::to_blame() const {
  std::vector<std::int64_t> ids;
  for (const auto& [id, generation] : generations_) {
    if (generation->sequence) ids.push_back(id);
  }
  if (ids.empty() && !generations_.empty()) ids.push_back(generations_.begin()->first);
  return ids;
}

void EngineCore::step() {
  const at::NoGradGuard no_grad;
  failure_.clear();
  std::vector<Slice> slices;
  try {
    slices = scheduler_.plan();
  } catch (const std::exception& error) {
    failure_ = error.what();
    return fail(to_blame(), failure_);
  }
  std::vector<std::int64_t> ids;
  for (const Slice& slice : slices) ids.push_back(slice.work->id);
  try {
    run(slices);
  } catch (const std::bad_alloc&) {
    failure_ = "out of memory";
  } catch (const std::exception& error) {
    failure_ = error.what();
  }
  if (!failure_.empty()) fail(ids, failure_);
}

bool EngineCore::may_be_sparse(const Slice& slice) const {
  const SparsityOptions& sparsity = options_.sparsity;
  if (sparsity.mode == dao::Mode::dense) return false;
  if (slice.work->computed + slice.count < sparsity.dense_below) return false;
  return sparsity.mode != dao::Mode::canary || is_canary(*slice.work);
}

bool EngineCore::is_canary(const Work& work) const {
  return options_.sparsity.mode == dao::Mode::canary &&
         Random(0, "canary", static_cast<std::uint64_t>(work.id)).uniform() <
             options_.sparsity.canary_share;
}

/// Brings slices that are attended to alike together.
std::vector<SequenceGroup> EngineCore::groups_of(std::vector<Slice>& slices) const {
  std::ranges::stable_sort(
      slices, {}, [&](const Slice& slice) { return std::pair(slice.count, may_be_sparse(slice)); });
  std::vector<SequenceGroup> groups;
  for (const Slice& slice : slices) {
    const bool sparse = may_be_sparse(slice);
    if (groups.empty() || groups.back().tokens != slice.count || groups.back().sparse != sparse) {
      groups.push_back({.sequences = {}, .tokens = slice.count, .sparse = sparse});
    }
    groups.back().sequences.push_back(*slice.work->sequence);
  }
  return groups;
}

void EngineCore::run(const std::vector<Slice>& slices) {
  PipelineParallel* pipeline = parts_.ranks.pipeline.get();
  auto parts = micro_batches(slices, pipeline ? pipeline->most_parts() : 1);
  if (pipeline) {
    std::vector<std::int64_t> tokens;
    for (const auto& part : parts) tokens.push_back(tokens_of(part));
    pipeline->expect(tokens, parts_.model->shape().dim);
  }
  std::vector<Slice> complete;
  std::vector<at::Tensor> logits;
  ++figures_.steps;
  for (auto& part : parts) {
    logits.push_back(compute(part));
    for (const Slice& slice : part) {
      if (completes(slice)) complete.push_back(slice);
    }
    commit(part);
  }
  const bool has_logits = !pipeline || pipeline->is_last();
  advance(complete, has_logits ? joined(logits) : at::Tensor());
}

/// One pass over the model.
at::Tensor EngineCore::compute(std::vector<Slice>& slices) {
  const auto groups = groups_of(slices);
  const AttentionWork before = attention_.work();
  const Pass pass = pass_of(slices);
  at::Tensor logits = parts_.model->forward(
      pass.ids, pass.positions, pass.rows,
      [&](std::int64_t layer, const at::Tensor& query, const at::Tensor& key,
          const at::Tensor& value) { return attention_(layer, groups, query, key, value); });
  if (logits.defined()) check_logits(logits, pass, parts_.model->shape());
  // The last hundred steps or so.
  lately_.done = 0.99 * lately_.done + attention_.work().done - before.done;
  lately_.visible = 0.99 * lately_.visible + attention_.work().visible - before.visible;
  return logits;
}

/// Takes note that the slices are in the cache.
void EngineCore::commit(const std::vector<Slice>& slices) {
  for (const auto& [work, count] : slices) {
    const std::int64_t of_prompt = std::min(work->prompt - work->computed, count);
    figures_.prompt_tokens += std::max<std::int64_t>(0, of_prompt);
    work->computed += count;
    if (work->shares) cache_.note(*work->sequence, work->computed_tokens());
  }
}

/// The next tokens of requests by their logits, which the last stage alone has.
std::vector<Choice> EngineCore::chosen(const std::vector<Slice>& slices, const at::Tensor& logits) {
  PipelineParallel* pipeline = parts_.ranks.pipeline.get();
  if (!pipeline) return choose(slices, logits);
  if (pipeline->is_last()) {
    auto choices = choose(slices, logits);
    pipeline->from_last(bytes_of(choices));
    return choices;
  }
  auto choices = choices_of(pipeline->from_last({}));
  if (choices.size() == slices.size()) return choices;
  throw Error(concat("the last stage chose ", choices.size(), " tokens where ", slices.size(),
                     " were expected"));
}

/// Gives each request whose pending tokens are all computed its next one.
void EngineCore::advance(const std::vector<Slice>& slices, const at::Tensor& logits) {
  if (slices.empty()) return;
  std::vector<Choice> choices = chosen(slices, logits);
  for (std::size_t i = 0; i < slices.size(); ++i) {
    auto& generation = static_cast<Generation&>(*slices[i].work);
    if (!choices[i].error.empty()) {
      fail({generation.id}, choices[i].error);
      continue;
    }
    ++figures_.generated_tokens;
    digest_ =
        (digest_ ^ static_cast<std::uint64_t>(choices[i].token.id)) * 0x100000001b3;  // FNV-1a
    Output output = generation.take(std::move(choices[i].token));
    if (output.finish) {
      finish(generation.id, std::move(output));
    } else {
      give(generation, std::move(output));
    }
  }
}

EngineFigures EngineCore::figures() const {
  EngineFigures figures = figures_;
  figures.waiting = scheduler_.waiting();
  figures.running = scheduler_.running();
  figures.pages = cache_.pages();
  figures.free_pages = cache_.available_pages();
  figures.cached_tokens = scheduler_.cached_tokens();
  figures.preemptions = scheduler_.preemptions();
  figures.kept = lately_.visible == 0 ? 1 : lately_.done / lately_.visible;
  figures.missing_mass = attention_.missing_mass();
  figures.attention_flops = attention_.work().done;
  figures.dense_attention_flops = attention_.work().visible;
  if (parts_.ranks.tensor) figures.sums = parts_.ranks.tensor->traffic();
  if (parts_.ranks.pipeline) figures.sends = parts_.ranks.pipeline->traffic();
  return figures;
}

}  // namespace hadal::draf
