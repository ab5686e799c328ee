#pragma once

#include <cstdint>
#include <optional>

#include <ATen/core/Tensor.h>

namespace hadal::dao {

/// How numbers of queries and of blocks of keys make the score of a pair of blocks.
enum class Scoring {
  pooled,  ///< a block of queries is described as one: the product of its numbers and the keys'
  /// Each query is by itself, so that one that needs what its neighbours do not is heard: of q and
  /// a block's numbers (c, r), the product is q . c + |q| . r; its softmax over the blocks that the
  /// block of queries sees is the query's share of each, and the score the logit of the largest
  /// share of a query of the block.
  each_query,
};

/// What a choice scores.
struct ScoredPairs {
  double blocks;   ///< pairs of a block of queries and one of keys, in all heads
  double queries;  ///< pairs of a query and a block of keys, in all heads
};

/// Describes queries and each block of keys by numbers that make a score: an estimate, in nats and
/// up to a constant of the block of queries, of the attention that a pair of blocks gets. A key
/// block's numbers depend on that block alone, so that a cache can keep them. Immutable, so one
/// object may serve many threads.
class BlockScorer {
 public:
  virtual ~BlockScorer() = default;

  /// How many numbers describe a block of keys of `head_dim`: a multiple of kFeatureStep.
  virtual std::int64_t features(std::int64_t head_dim) const = 0;
  virtual Scoring scoring() const { return Scoring::pooled; }
  /// Query [batch, heads, queries, head_dim] to fp32 [batch * heads, query blocks, features], or,
  /// where each query is scored, [batch * heads, queries, head_dim]; `scale` is that of the
  /// attention's scores.
  virtual at::Tensor query_features(const at::Tensor& query, double scale) const = 0;
  /// Key [batch, kv_heads, keys, head_dim] to fp32 [batch * kv_heads, key blocks, features]. Keys
  /// that `key_mask` (see AttentionOptions) leaves out have no part in them; a block without any
  /// other gets numbers that mean nothing.
  virtual at::Tensor key_features(const at::Tensor& key,
                                  const std::optional<at::Tensor>& key_mask = {}) const = 0;
  /// Floating-point operations of the features of tensors of these shapes, and of the scores of
  /// `pairs`: additions, products, comparisons and exponentials.
  virtual double flops(const at::Tensor& query, const at::Tensor& key,
                       const ScoredPairs& pairs) const = 0;

  static constexpr std::int64_t kFeatureStep = 16;

 protected:
  BlockScorer() = default;
  BlockScorer(const BlockScorer&) = default;
  BlockScorer& operator=(const BlockScorer&) = default;
};

/// The mean query times the mean key.
class MeanScorer : public BlockScorer {
 public:
  std::int64_t features(std::int64_t head_dim) const override;
  at::Tensor query_features(const at::Tensor& query, double scale) const override;
  at::Tensor key_features(const at::Tensor& key,
                          const std::optional<at::Tensor>& key_mask = {}) const override;
  double flops(const at::Tensor& query, const at::Tensor& key,
               const ScoredPairs& pairs) const override;
};

/// The largest product that a key between the smallest and the largest number of the block in each
/// dimension could have with the mean query q: sum over i of max(q_i smallest_i, q_i largest_i).
/// Quest (Tang et al., 2024), for blocks of queries; for one query it is theirs.
class BoundsScorer : public BlockScorer {
 public:
  std::int64_t features(std::int64_t head_dim) const override;
  at::Tensor query_features(const at::Tensor& query, double scale) const override;
  at::Tensor key_features(const at::Tensor& key,
                          const std::optional<at::Tensor>& key_mask = {}) const override;
  double flops(const at::Tensor& query, const at::Tensor& key,
               const ScoredPairs& pairs) const override;
};

}  // namespace hadal::dao
