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
  std::int64_t rank = 32;     ///< numbers a block is described by: a multiple of 16 up to 256

  bool operator==(const GateOptions&) const = default;
};

/// Blocks of one layer's queries and keys, pooled to what its gate sees; fp32.
struct PooledBlocks {
  at::Tensor query;  ///< [batch, heads, query blocks, head_dim]: means, times the attention's scale
  /// [batch, kv_heads, key blocks, 3 head_dim]: the mean, the largest and the smallest number in
  /// each dimension
  at::Tensor key;
};

/// Pools query [batch, heads, queries, head_dim] and key [batch, kv_heads, keys, head_dim] as
/// attention_forward() takes them. No gradients.
at::Tensor pooled_queries(const at::Tensor& query, double scale);
at::Tensor pooled_keys(const at::Tensor& key, const std::optional<at::Tensor>& key_mask = {});

/// Decides which pairs of blocks attention keeps, as learned from dense attention (see distil.h):
/// block of queries i and block of keys j of head h are kept with probability
///     sigmoid((A_h q_i + a_h) . (B_g k_j + b_g)),
/// where q_i and k_j are the pooled blocks and g is the head of keys that h shares. That logit is
/// the score in nats, so that the same gate serves budgets, which take the largest. It starts as a
/// random projection of the mean query times the mean key. Pooling as in SeerAttention (Gao et al.,
/// 2024); parameters query.weight [heads, rank, head_dim], query.bias [heads, rank], key.weight
/// [kv_heads, rank, 3 head_dim] and key.bias [kv_heads, rank], fp32.
class DynamicGateImpl : public torch::nn::Module {
 public:
  /// Throws InvalidArgument, naming the option, for sizes out of range. Draws from ATen's
  /// generator.
  explicit DynamicGateImpl(const GateOptions& options);

  /// The logits [batch, heads, query blocks, key blocks], differentiable in the parameters. Blocks
  /// that are not visible have one too. Throws InvalidArgument for other sizes than the gate's.
  at::Tensor logits(const PooledBlocks& blocks) const;
  /// Their sigmoid.
  at::Tensor forward(const PooledBlocks& blocks) const;

  const GateOptions& options() const { return options_; }

 private:
  friend class GateScorer;
  class HeadLinear;

  GateOptions options_;
  std::shared_ptr<HeadLinear> query_, key_;
};
TORCH_MODULE(DynamicGate);

/// A gate's scores for selectors: a copy of its parameters, without gradients. With rank features.
class GateScorer : public BlockScorer {
 public:
  explicit GateScorer(const DynamicGateImpl& gate);

  /// Throws InvalidArgument for another head_dim than the gate's, as the two below do for other
  /// heads.
  std::int64_t features(std::int64_t head_dim) const override;
  at::Tensor query_features(const at::Tensor& query, double scale) const override;
  at::Tensor key_features(const at::Tensor& key,
                          const std::optional<at::Tensor>& key_mask = {}) const override;
  double flops(const at::Tensor& query, const at::Tensor& key, double pairs) const override;

 private:
  GateOptions options_;
  std::shared_ptr<const DynamicGateImpl::HeadLinear> query_, key_;
};

}  // namespace hadal::dao
