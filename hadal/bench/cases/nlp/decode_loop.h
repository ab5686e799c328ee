#pragma once

#include "hadal/models/decoder_lm.h"
#include "hadal/models/llama/weights.h"

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

namespace hadal::bench {

/// How a user of LibTorch decodes without an engine: a decoder of its modules, whose keys and
/// values lie in contiguous tensors.
class DecodeLoop {
 public:
  /// The model of `weights` in fp64, fp32 or bf16, for sequences of up to `context` tokens.
  DecodeLoop(const models::LlamaWeights& weights, at::ScalarType type, std::int64_t context);

  /// The logits of the last token of `prompt`, [vocabulary].
  at::Tensor last_logits(const std::vector<std::int64_t>& prompt);
  /// `tokens` greedy tokens after `prompt`. Of a prompt as before only the last token is computed.
  std::vector<std::int64_t> generate(const std::vector<std::int64_t>& prompt, std::int64_t tokens);

 private:
  at::Tensor step(const std::vector<std::int64_t>& ids);

  models::DecoderLm model_;
  std::vector<at::Tensor> keys_, values_;  // a layer, [1, kv_heads, context, head_dim]
  std::int64_t length_ = 0;
  std::vector<std::int64_t> prompt_;
};

}  // namespace hadal::bench
