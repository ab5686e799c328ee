#pragma once

#include "hadal/dao/select/selector.h"
#include "hadal/dao/visible.h"

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace hadal::dao {

/// Sizes of one selection.
struct Problem {
  std::int64_t batch, heads, kv_heads, queries, keys;
  bool causal;

  std::int64_t query_blocks() const { return blocks_of(queries); }
};

/// One block of queries and what it sees.
struct Row {
  std::int64_t queries;   ///< in the block
  std::int64_t keys;      ///< of the problem
  VisibleBlocks visible;  ///< all that is visible: the first `count` blocks

  /// Pairs of a query and a key that are visible in `block`.
  std::int64_t pairs(std::int64_t block) const;
  /// Pairs that are visible in all blocks.
  std::int64_t pairs() const;
};

/// Block `index` of the queries of each head.
Row row_of(const Problem& problem, std::int64_t index);

struct Candidate {
  float score;
  std::int32_t block;
};

/// Whether `a` is taken before `b`.
inline bool before(const Candidate& a, const Candidate& b) {
  return a.score != b.score ? a.score > b.score : a.block < b.block;
}

/// The blocks that a row keeps in any case, and those to choose from.
struct Choice {
  std::vector<std::int32_t> always;
  std::vector<Candidate> candidates;  ///< no score is NaN: what is not a number counts as largest
};

/// Orders the candidates such that those to keep come first, and gives their number. `scores` has
/// one for each visible block, or none where the problem has no features. Called by many threads.
using Choose =
    std::function<std::int64_t(const Row& row, Choice& choice, std::span<const float> scores)>;

/// The blocks, ascending, of query block `index` of a head: what is always kept, and what `choose`
/// adds. `scores` has one for each visible block, or none.
std::vector<std::int32_t> choose_row(const Problem& problem, const AlwaysKept& always,
                                     std::int64_t index, std::span<const float> scores,
                                     const Choose& choose);

/// Features of blocks, fp32 [batch * heads, blocks, features] each, whose products are scores.
struct BlockFeatures {
  at::Tensor query, key;
};

/// Throws InvalidArgument, naming the value, for a budget out of range.
const Budget& checked(const Budget& budget);

/// What TopK chooses: orders the candidates such that the best come first, and gives as many as
/// come nearest to the budget.
std::int64_t best(const Budget& budget, const Row& row, Choice& choice);

/// The lists of what is always kept and of what `choose` adds for each row. Without features, the
/// candidates' scores are 0.
BlockLists choose_rows(const Problem& problem, const AlwaysKept& always,
                       const BlockFeatures& features, const Choose& choose);

}  // namespace hadal::dao
