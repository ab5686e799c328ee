#pragma once

#include "hadal/dao/attention.h"
#include "hadal/dao/gate/dynamic_gate.h"

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace hadal::dao {

/// What a gate learns from one call of its layer.
struct GateExample {
  GateInput input;
  at::Tensor attention;  ///< see block_attention()
};

/// The example of query [batch, heads, queries, head_dim] and key [batch, kv_heads, keys, head_dim]
/// of any model, rotated if it rotates them. Costs half of what dense attention does, and memory
/// for the queries. Throws InvalidArgument for what attention_forward() does not take.
GateExample gate_example(const at::Tensor& query, const at::Tensor& key,
                         const AttentionOptions& options = {});

struct DistilOptions {
  int epochs = 10;              ///< passes over the examples
  double learning_rate = 1e-2;  ///< the peak; see models::train()
  double weight_decay = 0;
  double keep = 0.3;       ///< share of visible blocks, in (0, 1], at which recall is reported
  std::uint64_t seed = 0;  ///< of the order of the examples
  std::function<void()> check_interrupt = {};  ///< called before each step; may throw to stop
};

struct DistilResult {
  double seconds = 0;           ///< wall time
  std::vector<double> losses;   ///< of each step
  std::vector<double> recalls;  ///< of each step's example before it: the part of `attention` in
                                ///< the blocks with the largest scores
};

/// Trains `gate` by self-distillation, one example a step. The loss is the divergence KL(dense ||
/// gate) in nats of what the two say of each visible pair of blocks, as probabilities that it is
/// kept: the largest share of attention that a query of the block gives, and the gate's. It is the
/// mean over the rows of the sum over their blocks. Deterministic for a given gate, examples, seed
/// and number of threads. Throws InvalidArgument for options out of range, no examples, or examples
/// that do not fit the gate, and Error where the loss is not finite.
DistilResult distil(DynamicGateImpl& gate, std::span<const GateExample> examples,
                    const DistilOptions& options = {});

}  // namespace hadal::dao
