#pragma once

#include "hadal/dao/attention.h"
#include "hadal/dao/block_lists.h"
#include "hadal/dao/select/scorer.h"

#include <cstdint>
#include <memory>
#include <optional>

#include <ATen/core/Tensor.h>

namespace hadal::dao {

/// The blocks that every block of queries keeps of those it sees. They count in its budget. Where
/// query i is at the position of key i + keys - queries (the nearest there is), the diagonal is the
/// blocks that hold its queries' positions: one, or two where positions and blocks do not align.
struct AlwaysKept {
  std::int64_t sinks = 1;   ///< the first key blocks; at least 0
  std::int64_t window = 4;  ///< before the diagonal, and after it where not causal; at least 0
};

/// How much a block of queries keeps. What is always kept is kept beyond the budget too.
struct Budget {
  /// Share of the visible pairs of a query and a key, in (0, 1]: each block of queries keeps the
  /// number of key blocks that comes nearest.
  double keep = 0.3;
  /// Key blocks of each block of queries, instead of `keep`; at least 1.
  std::optional<std::int64_t> blocks = {};
  AlwaysKept always = {};
};

/// Chooses which key blocks each block of queries looks at, from queries and keys alone. Immutable,
/// so one object may serve many threads.
class Selector {
 public:
  virtual ~Selector() = default;

  /// The choice for query [batch, heads, queries, head_dim] and key [batch, kv_heads, keys,
  /// head_dim], as attention_forward() takes them; blocks that have a visible pair only. Keys that
  /// options.key_mask leaves out count nowhere and have no part in a score. Each head of a group of
  /// queries chooses for itself. The same at each call and with any number of threads; of equal
  /// scores, the block nearer to the start wins. Memory is linear in the number of tokens, but for
  /// the lists. Throws InvalidArgument for what attention_forward() does not take.
  virtual BlockLists select(const at::Tensor& query, const at::Tensor& key,
                            const AttentionOptions& options = {}) const = 0;

  /// Floating-point operations of select() for tensors of these shapes: additions, products and
  /// comparisons of numbers of the inputs and of their pooled forms; ordering the scores is left
  /// out. Needs no data.
  virtual double flops(const at::Tensor& query, const at::Tensor& key,
                       const AttentionOptions& options = {}) const = 0;

 protected:
  Selector() = default;
  Selector(const Selector&) = default;
  Selector& operator=(const Selector&) = default;
};

/// Keeps the blocks with the largest scores.
class TopK : public Selector {
 public:
  /// Throws InvalidArgument, naming the value, for a budget out of range or no scorer.
  TopK(std::shared_ptr<const BlockScorer> scorer, const Budget& budget);
  BlockLists select(const at::Tensor& query, const at::Tensor& key,
                    const AttentionOptions& options = {}) const override;
  double flops(const at::Tensor& query, const at::Tensor& key,
               const AttentionOptions& options = {}) const override;

 private:
  std::shared_ptr<const BlockScorer> scorer_;
  Budget budget_;
};

/// Keeps the blocks with the largest product of the block's mean query and the mean key.
class PooledTopK : public TopK {
 public:
  /// Throws InvalidArgument, naming the value, for a budget out of range.
  explicit PooledTopK(const Budget& budget);
};

/// Keeps the blocks in which a key could have the largest product with the block's mean query (see
/// BoundsScorer).
class QuestBounds : public TopK {
 public:
  /// Throws InvalidArgument, naming the value, for a budget out of range.
  explicit QuestBounds(const Budget& budget);
};

/// Keeps what is always kept, and no more: sinks, a window and the diagonal (Xiao et al., 2023).
class SlidingWindow : public Selector {
 public:
  /// Throws InvalidArgument, naming the value, for one below 0.
  explicit SlidingWindow(const AlwaysKept& always);
  BlockLists select(const at::Tensor& query, const at::Tensor& key,
                    const AttentionOptions& options = {}) const override;
  /// 0.
  double flops(const at::Tensor& query, const at::Tensor& key,
               const AttentionOptions& options = {}) const override;

 private:
  AlwaysKept always_;
};

/// Keeps, beside what is always kept, the blocks of the largest scores until they hold the share
/// `mass` of the attention, where each pair's weight is estimated as exp(score).
class Threshold : public Selector {
 public:
  /// By mean query and mean key. Throws InvalidArgument, naming the value, for a mass not in (0, 1]
  /// or `always` below 0.
  explicit Threshold(double mass, const AlwaysKept& always = {});
  /// Throws, too, where there is no scorer.
  Threshold(std::shared_ptr<const BlockScorer> scorer, double mass, const AlwaysKept& always = {});
  BlockLists select(const at::Tensor& query, const at::Tensor& key,
                    const AttentionOptions& options = {}) const override;
  double flops(const at::Tensor& query, const at::Tensor& key,
               const AttentionOptions& options = {}) const override;

 private:
  std::shared_ptr<const BlockScorer> scorer_;
  double mass_;
  AlwaysKept always_;
};

/// Keeps, beside what is always kept, the blocks whose score, as the logit of a probability, gives
/// more than `probability`: what a gate with a sigmoid decides for each pair of blocks by itself.
class SigmoidThreshold : public Selector {
 public:
  /// Throws InvalidArgument, naming the value, for a probability not above 0 and below 1, `always`
  /// below 0, or no scorer.
  SigmoidThreshold(std::shared_ptr<const BlockScorer> scorer, double probability,
                   const AlwaysKept& always = {});
  BlockLists select(const at::Tensor& query, const at::Tensor& key,
                    const AttentionOptions& options = {}) const override;
  double flops(const at::Tensor& query, const at::Tensor& key,
               const AttentionOptions& options = {}) const override;

 private:
  std::shared_ptr<const BlockScorer> scorer_;
  double logit_;
  AlwaysKept always_;
};

}  // namespace hadal::dao
