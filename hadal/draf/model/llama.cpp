#include "hadal/draf/model/llama.h"

#include "hadal/draf/model/block.h"
#include "hadal/models/llama/rope.h"
#include "hadal/models/llama/tensors.h"

#include <utility>
#include <vector>

#include <ATen/ops/embedding.h>
#include <ATen/ops/empty.h>
#include <c10/core/InferenceMode.h>

namespace hadal::draf {
namespace {

ModelShape shape_of(const models::LlamaConfig& config, WeightFormat format) {
  return {.vocabulary = config.vocabulary,
          .dim = config.dim,
          .layers = config.layers,
          .heads = config.heads,
          .kv_heads = config.kv_heads,
          .head_dim = config.head_dim,
          .context = config.context(),
          .type = format == WeightFormat::fp32 ? at::kFloat : at::kBFloat16,
          .windows = config.windows};
}

/// Whether a layer of this format keeps `table` as it is.
bool shares(WeightFormat format, const at::Tensor& table) {
  return (format == WeightFormat::fp32 && table.scalar_type() == at::kFloat) ||
         (format == WeightFormat::bf16 && table.scalar_type() == at::kBFloat16);
}

class Llama final : public Model {
 public:
  Llama(models::LlamaWeights weights, WeightFormat format)
      : shape_(shape_of(weights.config, format)),
        rope_(weights.config.rope, weights.config.head_dim),
        embedding_(weights.tensors.at(models::kEmbeddingTensor)),
        norm_{weights.tensors.at(models::kNormTensor).to(at::kFloat),
              static_cast<float>(weights.config.norm_epsilon)} {
    for (std::int64_t i = 0; i < shape_.layers; ++i) {
      blocks_.push_back(make_block(weights, i, format));
    }
    const bool tied = weights.config.tied;
    const auto head_format = format == WeightFormat::int4 ? WeightFormat::int8 : format;
    const auto& weight = tied ? embedding_ : weights.tensors.at(models::kHeadTensor);
    head_ = make_linear(weight, {}, head_format);
    head_is_embedding_ = tied && shares(format, embedding_);
  }

  const ModelShape& shape() const override { return shape_; }
  at::Tensor forward(const at::Tensor& ids, const at::Tensor& positions, const at::Tensor& rows,
                     const LayerAttention& attention) const override;
  std::int64_t bytes() const override;

 private:
  at::Tensor attend(std::int64_t layer, const at::Tensor& x, const Angles& angles,
                    const LayerAttention& attention) const;

  ModelShape shape_;
  models::RopeAngles rope_;
  at::Tensor embedding_;
  std::vector<Block> blocks_;
  Norm norm_;
  std::unique_ptr<Linear> head_;
  bool head_is_embedding_ = false;
};

/// x [tokens, dim] to the heads' outputs [tokens, heads * head_dim].
at::Tensor Llama::attend(std::int64_t layer, const at::Tensor& x, const Angles& angles,
                         const LayerAttention& attention) const {
  const Block& block = blocks_[static_cast<std::size_t>(layer)];
  at::Tensor query = (*block.query)(x);
  at::Tensor key = (*block.key)(x);
  const at::Tensor value = (*block.value)(x);
  turn(query, angles, block.query_norm, norm_.epsilon);
  turn(key, angles, block.key_norm, norm_.epsilon);
  const std::int64_t tokens = x.size(0);
  return attention(layer, query.view({tokens, shape_.heads, shape_.head_dim}),
                   key.view({tokens, shape_.kv_heads, shape_.head_dim}),
                   value.view({tokens, shape_.kv_heads, shape_.head_dim}))
      .reshape({tokens, shape_.heads * shape_.head_dim})
      .to(shape_.type)
      .contiguous();
}

at::Tensor Llama::forward(const at::Tensor& ids, const at::Tensor& positions,
                          const at::Tensor& rows, const LayerAttention& attention) const {
  const c10::InferenceMode no_gradients;
  const Angles angles = angles_of(rope_, positions);
  at::Tensor stream = at::embedding(embedding_, ids).to(at::kFloat);
  at::Tensor delta;
  for (std::int64_t i = 0; i < shape_.layers; ++i) {
    const Block& block = blocks_[static_cast<std::size_t>(i)];
    const at::Tensor x = add_norm(stream, delta, block.attention_norm, shape_.type);
    at::Tensor heads = attend(i, x, angles, attention);
    if (i + 1 == shape_.layers) {
      // Of the others only the keys and values were wanted.
      if (rows.numel() == 0) return at::empty({0, shape_.vocabulary}, at::kFloat);
      heads = heads.index_select(0, rows);
      stream = stream.index_select(0, rows);
    }
    const at::Tensor y = add_norm(stream, (*block.output)(heads), block.mlp_norm, shape_.type);
    at::Tensor hidden = (*block.gate)(y);
    gate(hidden, (*block.up)(y));
    delta = (*block.down)(hidden);
  }
  return (*head_)(add_norm(stream, delta, norm_, shape_.type)).to(at::kFloat);
}

std::int64_t Llama::bytes() const {
  std::int64_t bytes = head_->bytes() + static_cast<std::int64_t>(norm_.weight.nbytes());
  if (!head_is_embedding_) bytes += static_cast<std::int64_t>(embedding_.nbytes());
  for (const Block& block : blocks_) bytes += bytes_of(block);
  return bytes;
}

}  // namespace

std::unique_ptr<Model> make_llama(models::LlamaWeights weights, WeightFormat format) {
  return std::make_unique<Llama>(std::move(weights), format);
}

}  // namespace hadal::draf
