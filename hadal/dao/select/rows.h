#pragma once

#include "hadal/dao/select/block_scores.h"
#include "hadal/dao/select/real_keys.h"
#include "hadal/dao/select/selector.h"
#include "hadal/dao/visible.h"

#include <bit>
#include <cstdint>
#include <functional>
#include <vector>

namespace hadal::dao {

/// Sizes of one selection, and which keys are real.
struct Problem {
  std::int64_t batch, heads, kv_heads, queries, keys;
  bool causal;
  RealKeys real = RealKeys();

  std::int64_t query_blocks() const { return blocks_of(queries); }
  /// Blocks of queries in all heads of the batch.
  std::int64_t rows() const { return batch * heads * query_blocks(); }
};

/// One block of queries and what it sees.
struct Row {
  std::int64_t queries;             ///< in the block
  std::int64_t keys;                ///< of the problem
  const std::int64_t* real_before;  ///< see RealKeys::before()
  VisibleBlocks visible;            ///< all that is visible: the first `count` blocks

  /// Pairs of a query and a real key that are visible in `block`.
  std::int64_t pairs(std::int64_t block) const;
  /// Pairs that are visible in all blocks.
  std::int64_t pairs() const;

 private:
  std::int64_t real(std::int64_t begin, std::int64_t end) const {
    return real_before == nullptr ? end - begin : real_before[end] - real_before[begin];
  }
};

/// Row `index` of the problem's lists (see BlockLists).
Row row_of(const Problem& problem, std::int64_t index);

/// A block to choose, as one number that orders candidates: the larger is taken first, that is the
/// one with the larger score and of equal ones that nearer to the start. What is not a number
/// counts as the largest score.
class Candidate {
 public:
  Candidate(float score, std::int32_t block)
      : order_(std::uint64_t{rank(score)} << 32 | ~static_cast<std::uint32_t>(block)) {}

  std::int32_t block() const {
    return static_cast<std::int32_t>(~static_cast<std::uint32_t>(order_));
  }
  bool operator<(const Candidate& other) const { return order_ < other.order_; }
  bool operator>(const Candidate& other) const { return order_ > other.order_; }

 private:
  /// Numbers in the order of the scores. The bits of positive floats are in it, and those of
  /// negative ones in the reverse order.
  static std::uint32_t rank(float score) {
    constexpr std::uint32_t kSign = 0x8000'0000U;
    if (score != score) return ~0U;
    const auto bits = std::bit_cast<std::uint32_t>(score + 0.0F);  // -0 becomes 0
    return (bits & kSign) != 0 ? ~bits : bits | kSign;
  }

  std::uint64_t order_;
};

/// The blocks that a row keeps in any case, and those to choose from. Blocks that have no visible
/// pair are in neither.
struct Choice {
  std::vector<std::int32_t> always;
  std::vector<Candidate> candidates;
  /// Of each visible block; none where the selection has no features.
  std::vector<float> scores;
  std::vector<char> is_kept;  ///< scratch memory
};

/// Orders the candidates such that those to keep come first, and gives their number. Called by many
/// threads.
using Choose = std::function<std::int64_t(const Row& row, Choice& choice)>;

/// The blocks, ascending, of row `item` of the problem's lists: what is always kept, and what
/// `choose` adds. `choice` has the scores.
std::vector<std::int32_t> choose_row(const Problem& problem, const AlwaysKept& always,
                                     std::int64_t item, Choice& choice, const Choose& choose);

/// A scorer's numbers of queries and of blocks of keys.
struct BlockFeatures {
  QueryFeatures query = {};
  at::Tensor key = {};  ///< fp32 [batch * kv_heads, key blocks, features]
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
