#include "hadal/bench/cases/nlp/decode_loop.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/tensor.h>
#include <c10/core/InferenceMode.h>

namespace hadal::bench {
namespace {

models::DecoderLmOptions options_of(const models::LlamaConfig& config, std::int64_t context) {
  return {.vocabulary = config.vocabulary,
          .dim = config.dim,
          .layers = config.layers,
          .heads = config.heads,
          .kv_heads = config.kv_heads,
          .hidden = config.hidden,
          .context = context,
          .norm_epsilon = config.norm_epsilon,
          .rope_theta = config.rope.theta,
          .tied_embeddings = config.tied};
}

}  // namespace

DecodeLoop::DecodeLoop(const models::LlamaWeights& weights, at::ScalarType type,
                       std::int64_t context)
    : model_(options_of(weights.config, context)) {
  const c10::InferenceMode inference;
  model_->to(type);
  model_->eval();
  for (auto& parameter : model_->named_parameters()) {
    parameter.value().set_data(weights.tensors.at(parameter.key()).to(type));
  }
  const models::LlamaConfig& config = weights.config;
  for (std::int64_t i = 0; i < config.layers; ++i) {
    keys_.push_back(at::empty({1, config.kv_heads, context, config.head_dim}, type));
    values_.push_back(at::empty_like(keys_.back()));
  }
}

at::Tensor DecodeLoop::step(const std::vector<std::int64_t>& ids) {
  const c10::InferenceMode inference;
  const std::int64_t first = length_;
  length_ += static_cast<std::int64_t>(ids.size());
  const auto attention = [&](const at::Tensor& query, const at::Tensor& key,
                             const at::Tensor& value, std::int64_t layer) {
    at::Tensor& keys = keys_[static_cast<std::size_t>(layer)];
    at::Tensor& values = values_[static_cast<std::size_t>(layer)];
    keys.narrow(2, first, key.size(2)).copy_(key);
    values.narrow(2, first, value.size(2)).copy_(value);
    return at::scaled_dot_product_attention(query, keys.narrow(2, 0, length_),
                                            values.narrow(2, 0, length_), {}, 0.0,
                                            /*is_causal=*/query.size(2) > 1, {},
                                            /*enable_gqa=*/true);
  };
  const at::Tensor logits =
      model_->forward(at::tensor(ids, at::kLong).unsqueeze(0),
                      {.first_position = first, .attention = attention, .last_only = true});
  return logits[0][-1];
}

at::Tensor DecodeLoop::last_logits(const std::vector<std::int64_t>& prompt) {
  length_ = 0;
  prompt_ = prompt;
  return step(prompt);
}

std::vector<std::int64_t> DecodeLoop::generate(const std::vector<std::int64_t>& prompt,
                                               std::int64_t tokens) {
  if (prompt != prompt_) last_logits(prompt);
  length_ = static_cast<std::int64_t>(prompt.size()) - 1;
  std::vector<std::int64_t> generated;
  std::int64_t last = prompt.back();
  for (std::int64_t i = 0; i < tokens; ++i) {
    last = step({last}).argmax().item<std::int64_t>();
    generated.push_back(last);
  }
  return generated;
}

}  // namespace hadal::bench
