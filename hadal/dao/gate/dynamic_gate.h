#pragma once

#include "hadal/dao/select/scorer.h"

#include <cstdint>
#include <memory>
#include <optional>

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

namespace hadal::dao {

/// The sizes of one layer's gate.
struct GateOptions {
  std::int64_t heads = 0;     ///< of queries; must be set
  std::int64_t kv_heads = 0;  ///< must divide heads
  std::int64_t head_dim = 0;  ///< 1 to 256
  std::int64_t rank = 6;      ///< of what the layer of keys mixes between dimensions: 1 to 256

  bool operator==(const GateOptions&) const = default;
};

/// What one layer's gate sees of its queries and keys; fp32.
struct GateInput {
  at::Tensor query;  ///< [batch, heads, queries, head_dim], times the attention's scale
  /// [batch, kv_heads, key blocks, 3 head_dim]: the mean, the largest and the smallest number in
  /// each dimension
  at::Tensor key;
  /// Whether a block of queries sees a block of keys: bool [batch, 1, query blocks, key blocks]
  at::Tensor visible;
};

/// Pools key [batch, kv_heads, keys, head_dim] as attention_forward() takes it. No gradients.
at::Tensor pooled_keys(const at::Tensor& key, const std::optional<at::Tensor>& key_mask = {});

/// Decides which pairs of blocks attention keeps, as learned from dense attention (see distil.h).
/// A linear layer describes block j of keys, pooled to k_j = (mean, largest, smallest), by a centre
/// and a radius in each dimension,
///     (c_j, r_j) = D_g k_j + U_g V_g k_j + b_g,
/// where g is the head of keys that head h shares, D mixes the three numbers of each dimension, and
/// U V, of a low rank, dimensions. Query q of block i gives block j, of those that i sees, the
/// share
///     p_qj = softmax over j of t_h (q . c_j + |q| . r_j),
/// and the pair is kept with probability max over q in i of p_qj: where one query of a block needs
/// a block of keys, it is kept for all. The logit of that is the score. A gate starts as the bounds
/// of Quest (Tang et al., 2024) for each query, c and r being half of the sum and of the difference
/// of the largest and the smallest number, at a lower temperature. Parameters, fp32: query.weight
/// [heads], which is t; key.diagonal [kv_heads, 2, 3, head_dim], key.down [kv_heads, rank,
/// 3 head_dim], key.up [kv_heads, 2 head_dim, rank] and key.bias [kv_heads, 2 head_dim], which are
/// D, V, U and b.
class DynamicGateImpl : public torch::nn::Module {
 public:
  /// Throws InvalidArgument, naming the option, for sizes out of range. Draws from ATen's
  /// generator.
  explicit DynamicGateImpl(const GateOptions& options);

  /// The logits [batch, heads, query blocks, key blocks], differentiable in the parameters; what is
  /// not visible has one without a meaning. Throws InvalidArgument for other sizes than the gate's.
  at::Tensor logits(const GateInput& input) const;
  /// Their sigmoid: the largest share that a query of the block gives.
  at::Tensor forward(const GateInput& input) const;

  const GateOptions& options() const { return options_; }

 private:
  friend class GateScorer;
  class QueryWeight;
  class KeyLayer;

  GateOptions options_;
  std::shared_ptr<QueryWeight> query_;
  std::shared_ptr<KeyLayer> key_;
};
TORCH_MODULE(DynamicGate);

/// A gate's scores for selectors: a copy of its parameters, without gradients. Each query is
/// scored.
class GateScorer : public BlockScorer {
 public:
  explicit GateScorer(const DynamicGateImpl& gate);

  /// Twice head_dim, rounded up to a multiple of kFeatureStep. Throws InvalidArgument for another
  /// head_dim than the gate's, as the two below do for other heads.
  std::int64_t features(std::int64_t head_dim) const override;
  Scoring scoring() const override { return Scoring::each_query; }
  at::Tensor query_features(const at::Tensor& query, double scale) const override;
  at::Tensor key_features(const at::Tensor& key,
                          const std::optional<at::Tensor>& key_mask = {}) const override;
  double flops(const at::Tensor& query, const at::Tensor& key,
               const ScoredPairs& pairs) const override;

 private:
  GateOptions options_;
  std::shared_ptr<const DynamicGateImpl::QueryWeight> query_;
  std::shared_ptr<const DynamicGateImpl::KeyLayer> key_;
};

}  // namespace hadal::dao
