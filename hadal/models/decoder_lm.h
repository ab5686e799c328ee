#pragma once

#include "hadal/models/attention_function.h"

#include <cstdint>
#include <memory>
#include <vector>

#include <torch/nn/modules/embedding.h>
#include <torch/nn/modules/linear.h>

namespace hadal::models {

struct DecoderLmOptions {
  std::int64_t vocabulary = 0;  ///< number of token ids; must be set
  std::int64_t dim = 256;       ///< width of the residual stream
  std::int64_t layers = 4;
  std::int64_t heads = 8;       ///< query heads; dim / heads must be even
  std::int64_t kv_heads = 8;    ///< key and value heads; must divide heads
  std::int64_t hidden = 688;    ///< width of the feed-forward layer
  std::int64_t context = 512;   ///< the most tokens in a sequence
  double norm_epsilon = 1e-5;   ///< added to the mean square in RMSNorm
  double rope_theta = 10000.0;  ///< base of the rotary frequencies
  bool tied_embeddings = true;  ///< the output layer shares the token embedding
};

struct ForwardOptions {
  /// The position of the first id. To go on with a sequence, pass how many ids came before, and an
  /// attention that kept their keys and values.
  std::int64_t first_position = 0;
  /// Of queries and keys that are turned to their positions; at::scaled_dot_product_attention,
  /// causal over the ids of this call, where empty.
  AttentionFunction attention = {};
  bool last_only = false;  ///< logits of the last position alone, [b, 1, vocabulary]
};

/// Decoder-only transformer language model with the blocks of Llama (Touvron et al., 2023): RMSNorm
/// before each layer, rotary positions in the half-split layout, grouped-query attention and
/// SwiGLU, all without biases. Tensor names are those of Hugging Face's LlamaForCausalLM
/// ("model.layers.0.self_attn.q_proj.weight"), so that load_state takes such a file as it is.
/// Weights start normal with standard deviation 0.02, the layers that write to the residual stream
/// with 0.02 / sqrt(2 layers), as in GPT-2. Runs in fp64, fp32 or, after `to(at::kBFloat16)`, in
/// bf16 with norms and rotation computed in fp32.
class DecoderLmImpl : public torch::nn::Module {
 public:
  /// Throws InvalidArgument, naming the option, where `options` do not describe a model.
  explicit DecoderLmImpl(const DecoderLmOptions& options);

  /// Token ids int64 [b, t] to logits [b, t, vocabulary] of the parameters' type; the logits at a
  /// position depend only on ids up to it, if the attention does. Throws InvalidArgument for
  /// another shape or type, ids outside of the vocabulary, positions outside of the context, and
  /// where the attention gives another shape or type than the query's.
  at::Tensor forward(const at::Tensor& ids, const ForwardOptions& options = {});

  const DecoderLmOptions& options() const { return options_; }

 private:
  class Norm;
  class Attention;
  class FeedForward;
  class Layer;

  void initialize();

  DecoderLmOptions options_;
  torch::nn::Embedding embedding_{nullptr};
  std::vector<std::shared_ptr<Layer>> layers_;
  std::shared_ptr<Norm> norm_;
  torch::nn::Linear output_{nullptr};  // empty where the embeddings are tied
};
TORCH_MODULE(DecoderLm);

}  // namespace hadal::models
