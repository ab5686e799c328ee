#pragma once

#include "hadal/dao/attention.h"
#include "hadal/dao/gate/dynamic_gate.h"

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace hadal::dao {

/// What a gate learns from the queries and keys of one call of its layer. Small beside them: it
/// holds the blocks, pooled, and numbers for each pair of blocks.
struct GateExample {
  PooledBlocks blocks;
  at::Tensor attention;  ///< see block_attention()
  /// Of how much of a pair of blocks is visible, the logarithm: fp32 [batch, 1, query blocks, key
  /// blocks], -infinity where nothing is.
  at::Tensor log_visible;
};

/// The example of query [batch, heads, queries, head_dim] and key [batch, kv_heads, keys, head_dim]
/// of any model, rotated if it rotates them. Costs half of what dense attention does. Throws
/// InvalidArgument for what attention_forward() does not take.
GateExample gate_example(const at::Tensor& query, const at::Tensor& key,
                         const AttentionOptions& options = {});

struct DistilOptions {
  int epochs = 50;              ///< passes over the examples
  double learning_rate = 3e-3;  ///< the peak; see models::train()
  double weight_decay = 0.01;
  /// The sigmoid learns the probability that a block is among the fewest that hold this share of
  /// the row's attention, in (0, 1).
  double mass = 0.9;
  double keep = 0.3;       ///< share of visible blocks, in (0, 1], at which recall is reported
  std::uint64_t seed = 0;  ///< of the order of the examples
  std::function<void()> check_interrupt = {};  ///< called before each step; may throw to stop
};

struct DistilResult {
  double seconds = 0;           ///< wall time
  std::vector<double> losses;   ///< of each step
  std::vector<double> recalls;  ///< of each step's example before it: the share of dense attention
                                ///< in the blocks with the largest scores
};

/// Trains `gate` by self-distillation, one example a step. The loss is, as a mean over the rows
/// that see something, the divergence KL(dense || gate) in nats, where the gate's distribution
/// weighs each visible pair of tokens by exp(score), plus a tenth of the cross-entropy between its
/// sigmoid and what `mass` asks to keep. Deterministic for a given gate, examples, seed and number
/// of threads. Throws InvalidArgument for options out of range, no examples, or examples that do
/// not fit the gate, and Error where the loss is not finite.
DistilResult distil(DynamicGateImpl& gate, std::span<const GateExample> examples,
                    const DistilOptions& options = {});

}  // namespace hadal::dao
