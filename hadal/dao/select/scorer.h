#pragma once

#include <cstdint>
#include <optional>

#include <ATen/core/Tensor.h>

namespace hadal::dao {

/// Describes each block of queries and each block of keys by numbers whose product is a score: an
/// estimate, in nats and up to a constant of the block of queries, of the attention that its pairs
/// get. A key block's numbers depend on that block alone, so that a cache can keep them. Immutable,
/// so one object may serve many threads.
class BlockScorer {
 public:
  virtual ~BlockScorer() = default;

  /// How many numbers describe a block of keys of `head_dim`: a multiple of kFeatureStep.
  virtual std::int64_t features(std::int64_t head_dim) const = 0;
  /// Query [batch, heads, queries, head_dim] to fp32 [batch * heads, query blocks, features];
  /// `scale` is that of the attention's scores.
  virtual at::Tensor query_features(const at::Tensor& query, double scale) const = 0;
  /// Key [batch, kv_heads, keys, head_dim] to fp32 [batch * kv_heads, key blocks, features]. Keys
  /// that `key_mask` (see AttentionOptions) leaves out have no part in them; a block without any
  /// other gets numbers that mean nothing.
  virtual at::Tensor key_features(const at::Tensor& key,
                                  const std::optional<at::Tensor>& key_mask = {}) const = 0;
  /// Floating-point operations of the features of tensors of these shapes, and of `pairs` scores:
  /// additions, products and comparisons.
  virtual double flops(const at::Tensor& query, const at::Tensor& key, double pairs) const = 0;

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
  double flops(const at::Tensor& query, const at::Tensor& key, double pairs) const override;
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
  double flops(const at::Tensor& query, const at::Tensor& key, double pairs) const override;
};

}  // namespace hadal::dao
