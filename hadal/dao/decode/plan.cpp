#include "hadal/dao/decode/plan.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <ATen/Parallel.h>

namespace hadal::dao {
namespace {

/// The features of the first `count` blocks of a sequence; pages that follow each other are one
/// run.
std::vector<KeyRun> runs_of(const CacheState& cache, const CachedSequence& sequence,
                            std::int64_t kv_head, std::size_t count) {
  const auto& pages = sequence.pages;
  std::vector<KeyRun> runs;
  for (std::size_t i = 0; i < count; ++i) {
    if (i == 0 || pages[i] != pages[i - 1] + 1) {
      runs.push_back({cache.memory.features(kv_head, pages[i]), 0});
    }
    ++runs.back().count;
  }
  return runs;
}

/// Adds each score's share, its softmax over `scores`, to `shares`. What is not a number has all of
/// the attention, as it has by TopK, and leaves that of the others as it is.
void add_shares(std::span<const float> scores, std::span<float> shares) {
  float largest = -std::numeric_limits<float>::infinity();
  for (const float score : scores) largest = std::max(largest, score);
  const auto weight = [&](float score) {
    return score == largest ? 1.0F : std::exp(score - largest);
  };
  float total = 0;
  for (const float score : scores) total += std::isnan(score) ? 0 : weight(score);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    shares[i] += std::isnan(scores[i]) ? 1 : weight(scores[i]) / total;
  }
}

/// Of all visible blocks, for the heads of a group together. Only those that are full and seen by
/// all queries have a score: the others are kept anyway.
std::vector<float> shared_scores(const DecodeShape& shape, const Group& group,
                                 BlockScores& scorer) {
  std::vector<float> result(static_cast<std::size_t>(group.row.visible.count));
  const std::span<float> scored(result.data(), static_cast<std::size_t>(group.scored()));
  const CachedSequence& sequence = *shape.sequences[static_cast<std::size_t>(group.sequence)];
  const std::int64_t first_head = group.sequence * shape.heads + group.kv_head * shape.group();
  const auto runs = runs_of(shape.cache, sequence, group.kv_head, scored.size());
  const auto score = [&](std::int64_t head, std::span<float> to) {
    scorer.find({first_head + head, group.query_block, group.row.queries}, runs, {}, to);
  };
  if (shape.group() == 1) {
    score(0, scored);
    return result;
  }
  std::vector<float> of_head(scored.size());
  for (std::int64_t head = 0; head < shape.group(); ++head) {
    score(head, of_head);
    add_shares(of_head, scored);
  }
  return result;
}

}  // namespace

std::int64_t Group::kept_pairs() const {
  if (!blocks) return row.pairs();
  return std::accumulate(
      blocks->begin(), blocks->end(), std::int64_t{0},
      [&](std::int64_t sum, std::int32_t block) { return sum + row.pairs(block); });
}

std::vector<Group> plan(const DecodeShape& shape, const std::optional<Budget>& budget,
                        const QueryFeatures& features) {
  const std::int64_t blocks = shape.query_blocks();
  const auto sequences = static_cast<std::int64_t>(shape.sequences.size());
  std::vector<Group> groups(static_cast<std::size_t>(sequences * shape.kv_heads() * blocks));
  at::parallel_for(0, static_cast<std::int64_t>(groups.size()), 1, [&](auto begin, auto end) {
    Choice choice;
    BlockScores scorer(features, shape.cache.memory.feature_count());
    for (auto i = begin; i < end; ++i) {
      Group& group = groups[static_cast<std::size_t>(i)];
      group.sequence = i / blocks / shape.kv_heads();
      group.kv_head = i / blocks % shape.kv_heads();
      group.query_block = i % blocks;
      const Problem problem = shape.problem(group.sequence);
      group.row = row_of(problem, group.query_block);
      group.first_block =
          std::max<std::int64_t>(0, group.row.visible.first_limit - shape.window) / kBlockSize;
      if (!budget) continue;
      if (features.numbers.defined()) choice.scores = shared_scores(shape, group, scorer);
      group.blocks =
          choose_row(problem, budget->always, group.query_block, choice,
                     [&](const Row& row, Choice& found) { return best(*budget, row, found); });
    }
  });
  return groups;
}

}  // namespace hadal::dao
