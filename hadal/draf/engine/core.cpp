#include "hadal/draf/engine/core.h"

#include "hadal/core/error.h"
#include "hadal/core/log.h"
#include "hadal/core/random.h"
#include "hadal/draf/engine/pass.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

namespace hadal::draf {
namespace {

/// A request whose slice of a step is its last pending token.
Generation* completed_by(const Slice& slice) {
  return slice.count == slice.work->pending() ? static_cast<Generation*>(slice.work) : nullptr;
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

void EngineCore::run(std::vector<Slice>& slices) {
  const auto groups = groups_of(slices);
  const AttentionWork before = attention_.work();
  const Pass pass = pass_of(slices);
  const at::Tensor logits = parts_.model->forward(
      pass.ids, pass.positions, pass.rows,
      [&](std::int64_t layer, const at::Tensor& query, const at::Tensor& key,
          const at::Tensor& value) { return attention_(layer, groups, query, key, value); });
  check_logits(logits, pass, parts_.model->shape());
  // The last hundred steps or so.
  lately_.done = 0.99 * lately_.done + attention_.work().done - before.done;
  lately_.visible = 0.99 * lately_.visible + attention_.work().visible - before.visible;
  std::vector<Slice> complete;
  for (const Slice& slice : slices) {
    if (completed_by(slice)) complete.push_back(slice);
  }
  commit(slices);
  advance(complete, logits.contiguous());
}

/// Takes note that the slices are in the cache.
void EngineCore::commit(const std::vector<Slice>& slices) {
  ++figures_.steps;
  for (const auto& [work, count] : slices) {
    const std::int64_t of_prompt = std::min(work->prompt - work->computed, count);
    figures_.prompt_tokens += std::max<std::int64_t>(0, of_prompt);
    work->computed += count;
    if (work->shares) cache_.note(*work->sequence, work->computed_tokens());
  }
}

/// Gives each request whose pending tokens are all computed its next one.
void EngineCore::advance(const std::vector<Slice>& slices, const at::Tensor& logits) {
  const auto count = static_cast<std::int64_t>(slices.size());
  const std::int64_t vocabulary = parts_.model->shape().vocabulary;
  std::vector<GeneratedToken> tokens(slices.size());
  std::vector<std::string> errors(slices.size());
  float* numbers = logits.mutable_data_ptr<float>();
  at::parallel_for(0, count, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const auto at = static_cast<std::size_t>(i);
      try {
        tokens[at] = static_cast<Generation*>(slices[at].work)
                         ->choose({numbers + i * vocabulary, static_cast<std::size_t>(vocabulary)});
      } catch (const Error& error) {
        errors[at] = error.what();
      }
    }
  });
  for (std::size_t i = 0; i < slices.size(); ++i) {
    auto& generation = static_cast<Generation&>(*slices[i].work);
    if (!errors[i].empty()) {
      fail({generation.id}, errors[i]);
      continue;
    }
    ++figures_.generated_tokens;
    digest_ = (digest_ ^ static_cast<std::uint64_t>(tokens[i].id)) * 0x100000001b3;  // FNV-1a
    Output output = generation.take(std::move(tokens[i]));
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
  return figures;
}

}  // namespace hadal::draf
