#include "hadal/dao/select/selector.h"

#include "hadal/core/error.h"
#include "hadal/dao/check.h"
#include "hadal/dao/compute.h"
#include "hadal/dao/select/rows.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace hadal::dao {
namespace {

void check(const AlwaysKept& always) {
  const auto require = [](const char* name, std::int64_t value) {
    if (value >= 0) return;
    throw InvalidArgument(concat("selector: expected ", name, " of 0 blocks or more, got ", value));
  };
  require("sinks", always.sinks);
  require("a window", always.window);
}

void check_share(const char* name, double value) {
  if (value > 0 && value <= 1) return;  // not so for NaN
  throw InvalidArgument(concat("selector: expected ", name, " above 0 and up to 1, got ", value),
                        concat("1 keeps everything; pass a fraction such as 0.3 as ", name));
}

}  // namespace

const Budget& checked(const Budget& budget) {
  check_share("keep", budget.keep);
  if (budget.blocks && *budget.blocks < 1) {
    throw InvalidArgument(
        concat("selector: expected a budget of 1 block or more, got ", *budget.blocks));
  }
  check(budget.always);
  return budget;
}

namespace {

/// Without a look at the mask of keys, which flops() has no data of.
Problem problem_of(const at::Tensor& query, const at::Tensor& key, bool causal) {
  return {query.size(0), query.size(1), key.size(1), query.size(2), key.size(2), causal};
}

Problem checked_problem(const at::Tensor& query, const at::Tensor& key,
                        const AttentionOptions& options) {
  check_attention(query, key, /*value=*/key, {}, options);
  Problem problem = problem_of(query, key, options.causal);
  problem.real = RealKeys(options.key_mask);
  return problem;
}

}  // namespace

std::int64_t best(const Budget& budget, const Row& row, Choice& choice) {
  auto& candidates = choice.candidates;
  const auto count = static_cast<std::int64_t>(candidates.size());
  const auto order = [&](std::int64_t first) {
    if (first < count) {
      std::nth_element(candidates.begin(), candidates.begin() + first, candidates.end(),
                       std::greater<>());
    }
  };
  const auto always = static_cast<std::int64_t>(choice.always.size());
  if (budget.blocks) {
    const std::int64_t taken = std::clamp<std::int64_t>(*budget.blocks - always, 0, count);
    order(taken);
    return taken;
  }
  double open = budget.keep * static_cast<double>(row.pairs());
  for (const std::int32_t block : choice.always) open -= static_cast<double>(row.pairs(block));
  // Taken at once is what fits even where all blocks are whole.
  const auto whole = static_cast<double>(row.queries * kBlockSize);
  std::int64_t taken = std::clamp<std::int64_t>(static_cast<std::int64_t>(open / whole), 0, count);
  order(taken);
  const auto pairs = [&](const Candidate& candidate) {
    return static_cast<double>(row.pairs(candidate.block()));
  };
  for (std::int64_t i = 0; i < taken; ++i) open -= pairs(candidates[static_cast<std::size_t>(i)]);
  // The others one by one, from a heap whose top is the last and whose largest is moved to the
  // first: few without masked keys, where only the last block that is visible is not whole.
  std::make_heap(candidates.rbegin(), candidates.rend() - taken);
  for (; taken < count && open >= pairs(candidates.back()) / 2; ++taken) {
    open -= pairs(candidates.back());
    std::pop_heap(candidates.rbegin(), candidates.rend() - taken);
  }
  return taken;
}

namespace {

/// Orders the candidates and gives how many of the first hold `mass` of the row's weight together
/// with what is always kept.
std::int64_t up_to_mass(double mass, const Row& row, Choice& choice) {
  const auto& scores = choice.scores;
  auto& candidates = choice.candidates;
  if (candidates.empty()) return 0;
  std::sort(candidates.begin(), candidates.end(), std::greater<>());
  double largest = scores[static_cast<std::size_t>(candidates.front().block())];
  for (const std::int32_t block : choice.always) {
    largest = std::max<double>(largest, scores[static_cast<std::size_t>(block)]);
  }
  const auto weight = [&](std::int32_t block) {
    const double score = scores[static_cast<std::size_t>(block)];
    return std::exp(score - largest) * static_cast<double>(row.pairs(block));
  };
  // Summed from the smallest up, so that what is left out is exact where it is small.
  std::vector<double> from(candidates.size() + 1);
  for (std::size_t i = candidates.size(); i > 0; --i) {
    from[i - 1] = from[i] + weight(candidates[i - 1].block());
  }
  double total = from[0];
  for (const std::int32_t block : choice.always) total += weight(block);
  const auto enough = [&](double left_out) { return left_out <= (1 - mass) * total; };
  // Where the last is not enough, weights are not numbers, and all stays.
  return std::find_if(from.begin(), from.end() - 1, enough) - from.begin();
}

/// Orders the candidates such that those with scores above `least` come first, and gives their
/// number. What is not a number is above.
std::int64_t above(double least, Choice& choice) {
  const auto is_above = [&](const Candidate& candidate) {
    return !(choice.scores[static_cast<std::size_t>(candidate.block())] <= least);
  };
  auto& candidates = choice.candidates;
  return std::partition(candidates.begin(), candidates.end(), is_above) - candidates.begin();
}

/// What is visible, and so scored.
ScoredPairs scored_pairs(const Problem& problem) {
  std::int64_t blocks = 0;
  std::int64_t queries = 0;
  for (std::int64_t i = 0; i < problem.query_blocks(); ++i) {
    const Row row = row_of(problem, i);
    blocks += row.visible.count;
    queries += row.visible.count * row.queries;
  }
  const auto heads = static_cast<double>(problem.batch * problem.heads);
  return {heads * static_cast<double>(blocks), heads * static_cast<double>(queries)};
}

BlockFeatures features_of(const BlockScorer& scorer, const at::Tensor& query, const at::Tensor& key,
                          const AttentionOptions& options) {
  return {{scorer.query_features(query, scale_of(options, query.size(3))), scorer.scoring()},
          scorer.key_features(key, options.key_mask)};
}

std::shared_ptr<const BlockScorer> checked(std::shared_ptr<const BlockScorer> scorer) {
  if (scorer) return scorer;
  throw InvalidArgument("selector: expected a scorer of blocks, got none");
}

}  // namespace

TopK::TopK(std::shared_ptr<const BlockScorer> scorer, const Budget& budget)
    : scorer_(checked(std::move(scorer))), budget_(checked(budget)) {}

BlockLists TopK::select(const at::Tensor& query, const at::Tensor& key,
                        const AttentionOptions& options) const {
  const Problem problem = checked_problem(query, key, options);
  return choose_rows(problem, budget_.always, features_of(*scorer_, query, key, options),
                     [&](const Row& row, Choice& choice) { return best(budget_, row, choice); });
}

double TopK::flops(const at::Tensor& query, const at::Tensor& key,
                   const AttentionOptions& options) const {
  return scorer_->flops(query, key, scored_pairs(problem_of(query, key, options.causal)));
}

PooledTopK::PooledTopK(const Budget& budget) : TopK(std::make_shared<const MeanScorer>(), budget) {}

QuestBounds::QuestBounds(const Budget& budget)
    : TopK(std::make_shared<const BoundsScorer>(), budget) {}

SlidingWindow::SlidingWindow(const AlwaysKept& always) : always_(always) { check(always); }

BlockLists SlidingWindow::select(const at::Tensor& query, const at::Tensor& key,
                                 const AttentionOptions& options) const {
  return choose_rows(checked_problem(query, key, options), always_, {},
                     [](const Row&, Choice&) { return std::int64_t{0}; });
}

double SlidingWindow::flops(const at::Tensor&, const at::Tensor&, const AttentionOptions&) const {
  return 0;
}

Threshold::Threshold(double mass, const AlwaysKept& always)
    : Threshold(std::make_shared<const MeanScorer>(), mass, always) {}

Threshold::Threshold(std::shared_ptr<const BlockScorer> scorer, double mass,
                     const AlwaysKept& always)
    : scorer_(checked(std::move(scorer))), mass_(mass), always_(always) {
  check_share("mass", mass);
  check(always);
}

BlockLists Threshold::select(const at::Tensor& query, const at::Tensor& key,
                             const AttentionOptions& options) const {
  const Problem problem = checked_problem(query, key, options);
  return choose_rows(
      problem, always_, features_of(*scorer_, query, key, options),
      [&](const Row& row, Choice& choice) { return up_to_mass(mass_, row, choice); });
}

double Threshold::flops(const at::Tensor& query, const at::Tensor& key,
                        const AttentionOptions& options) const {
  return scorer_->flops(query, key, scored_pairs(problem_of(query, key, options.causal)));
}

SigmoidThreshold::SigmoidThreshold(std::shared_ptr<const BlockScorer> scorer, double probability,
                                   const AlwaysKept& always)
    : scorer_(checked(std::move(scorer))),
      logit_(std::log(probability / (1 - probability))),
      always_(always) {
  if (!(probability > 0 && probability < 1)) {
    throw InvalidArgument(
        concat("selector: expected a probability above 0 and below 1, got ", probability));
  }
  check(always);
}

BlockLists SigmoidThreshold::select(const at::Tensor& query, const at::Tensor& key,
                                    const AttentionOptions& options) const {
  const Problem problem = checked_problem(query, key, options);
  return choose_rows(problem, always_, features_of(*scorer_, query, key, options),
                     [&](const Row&, Choice& choice) { return above(logit_, choice); });
}

double SigmoidThreshold::flops(const at::Tensor& query, const at::Tensor& key,
                               const AttentionOptions& options) const {
  return scorer_->flops(query, key, scored_pairs(problem_of(query, key, options.causal)));
}

}  // namespace hadal::dao
