#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <ATen/core/Tensor.h>

namespace hadal::draf {

struct ModelShape {
  std::int64_t vocabulary;
  std::int64_t dim;  ///< width of the residual stream
  std::int64_t layers;
  std::int64_t heads;
  std::int64_t kv_heads;
  std::int64_t head_dim;
  std::int64_t context;  ///< the most tokens in a sequence
  at::ScalarType type;   ///< of activations, and of keys and values: fp32 or bf16
  /// One a layer: how many tokens a query of the layer sees, the last of which is itself; 0 where
  /// it sees all up to itself.
  std::vector<std::int64_t> windows = {};
  std::int64_t first_layer = 0;  ///< of the whole model, where this is a stage of a pipeline
};

/// Attention of layer `layer` for the tokens of one pass, whose keys and values it keeps: query
/// [tokens, heads, head_dim], turned to its position, key (turned too) and value
/// [tokens, kv_heads, head_dim], to [tokens, heads, head_dim]. Called once a layer, in order.
using LayerAttention = std::function<at::Tensor(std::int64_t layer, const at::Tensor& query,
                                                const at::Tensor& key, const at::Tensor& value)>;

/// A decoder-only language model that is ready to run. For one pass at a time.
class Model {
 public:
  virtual ~Model() = default;

  virtual const ModelShape& shape() const = 0;
  /// One pass over tokens of any sequences: ids and positions int64 [tokens]. Gives the logits,
  /// fp32 [rows, vocabulary], of the tokens that `rows`, int64 [rows], names, which may be none. No
  /// gradients. The ids must be in the vocabulary and the positions in the context. A stage of a
  /// pipeline other than the last gives its result to the next, and an undefined tensor here.
  virtual at::Tensor forward(const at::Tensor& ids, const at::Tensor& positions,
                             const at::Tensor& rows, const LayerAttention& attention) const = 0;
  /// Bytes of the weights.
  virtual std::int64_t bytes() const = 0;
};

}  // namespace hadal::draf
