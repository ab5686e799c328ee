#include "hadal/draf/model/llama.h"

#include "hadal/draf/model/block.h"
#include "hadal/draf/parallel/shard.h"
#include "hadal/draf/parallel/stage.h"
#include "hadal/models/llama/rope.h"
#include "hadal/models/llama/tensors.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/empty.h>
#include <c10/core/InferenceMode.h>

namespace hadal::draf {
namespace {

ModelShape shape_of(const models::LlamaConfig& config, WeightFormat format,
                    std::int64_t first_layer) {
  return {.vocabulary = config.vocabulary,
          .dim = config.dim,
          .layers = config.layers,
          .heads = config.heads,
          .kv_heads = config.kv_heads,
          .head_dim = config.head_dim,
          .context = config.context(),
          .type = format == WeightFormat::fp32 ? at::kFloat : at::kBFloat16,
          .windows = config.windows,
          .first_layer = first_layer};
}

/// Whether a layer of this format keeps `table` as it is.
bool shares(WeightFormat format, const at::Tensor& table) {
  return (format == WeightFormat::fp32 && table.scalar_type() == at::kFloat) ||
         (format == WeightFormat::bf16 && table.scalar_type() == at::kBFloat16);
}

/// Some tokens of a pass, on their way through the layers.
struct Part {
  std::int64_t first;
  at::Tensor stream;  // fp32 [tokens, dim], a view of the pass's
  at::Tensor delta;   // what a layer adds to it, of the activations' type
  std::optional<PendingSum> sum;

  std::int64_t tokens() const { return stream.size(0); }
  /// The delta, once the other ranks' are in it.
  const at::Tensor& arrived() {
    if (sum) sum->wait();
    sum.reset();
    return delta;
  }
};

typedef std::vector<Part> Parts;

class Llama final : public Model {
 public:
  /// Of this rank's part of the weights, after so many layers of other stages.
  Llama(models::LlamaWeights weights, WeightFormat format, const RankGrid& ranks,
        std::int64_t first_layer)
      : shape_(shape_of(weights.config, format, first_layer)),
        rope_(weights.config.rope, weights.config.head_dim),
        epsilon_(static_cast<float>(weights.config.norm_epsilon)),
        parallel_(ranks.tensor),
        pipeline_(ranks.pipeline) {
    for (std::int64_t i = 0; i < shape_.layers; ++i) {
      blocks_.push_back(make_block(weights, i, format));
    }
    if (is_first()) embedding_ = weights.tensors.at(models::kEmbeddingTensor);
    if (is_last()) make_head(weights, format);
  }

  const ModelShape& shape() const override { return shape_; }
  at::Tensor forward(const at::Tensor& ids, const at::Tensor& positions, const at::Tensor& rows,
                     const LayerAttention& attention) const override;
  std::int64_t bytes() const override;

 private:
  bool is_first() const { return !pipeline_ || pipeline_->is_first(); }
  bool is_last() const { return !pipeline_ || pipeline_->is_last(); }
  void make_head(const models::LlamaWeights& weights, WeightFormat format);
  at::Tensor embed(const at::Tensor& ids) const;
  Parts parts_of(const at::Tensor& stream) const;
  at::Tensor attend(std::int64_t layer, Parts& parts, const Angles& angles,
                    const LayerAttention& attention) const;
  void feed_forward(std::int64_t layer, Part& part) const;
  void begin_sum(Part& part, at::Tensor delta) const;
  void hand_on(const at::Tensor& stream, Parts& parts) const;
  at::Tensor end(Parts& parts) const;
  at::Tensor logits(const at::Tensor& x) const;

  ModelShape shape_;
  models::RopeAngles rope_;
  float epsilon_;
  at::Tensor embedding_;  // of the first stage
  std::vector<Block> blocks_;
  Norm norm_ = {};  // of the last stage, as is the head
  std::unique_ptr<Linear> head_;
  bool head_is_embedding_ = false;
  std::shared_ptr<TensorParallel> parallel_;    // null where a stage is one process
  std::shared_ptr<PipelineParallel> pipeline_;  // null where there is one stage
};

void Llama::make_head(const models::LlamaWeights& weights, WeightFormat format) {
  const bool tied = weights.config.tied;
  const auto& weight = weights.tensors.at(tied ? models::kEmbeddingTensor : models::kHeadTensor);
  norm_ = {weights.tensors.at(models::kNormTensor).to(at::kFloat), epsilon_};
  head_ = make_linear(weight, {}, format == WeightFormat::int4 ? WeightFormat::int8 : format);
  head_is_embedding_ = embedding_.defined() && tied && shares(format, weight);
}

/// The stream that ids begin with, fp32 [tokens, dim].
at::Tensor Llama::embed(const at::Tensor& ids) const {
  if (!parallel_) return at::embedding(embedding_, ids).to(at::kFloat);
  const std::int64_t rows = embedding_.size(0);
  const at::Tensor own =
      ids - parallel_->rank() * vocabulary_part(shape_.vocabulary, parallel_->ranks());
  const at::Tensor others = (own < 0).logical_or(own >= rows);
  // One rank has the row, the others add nothing to it: the sum is exact in the table's type.
  const at::Tensor part =
      at::embedding(embedding_, own.clamp(0, std::max<std::int64_t>(rows - 1, 0)))
          .masked_fill_(others.unsqueeze(1), 0);
  parallel_->sum(part).wait();
  return part.to(at::kFloat);
}

/// As many parts as are worth their sums' start.
Parts Llama::parts_of(const at::Tensor& stream) const {
  constexpr std::int64_t kLeast = 64;
  const std::int64_t tokens = stream.size(0);
  const std::int64_t most = parallel_ ? parallel_->most_parts() : 1;
  const std::int64_t count = std::clamp<std::int64_t>(tokens / kLeast, 1, most);
  Parts parts;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t first = tokens * i / count;
    const std::int64_t size = tokens * (i + 1) / count - first;
    parts.push_back(
        {.first = first, .stream = stream.narrow(0, first, size), .delta = {}, .sum = {}});
  }
  return parts;
}

void Llama::begin_sum(Part& part, at::Tensor delta) const {
  part.delta = std::move(delta);
  if (parallel_) part.sum.emplace(parallel_->sum_of_activations(part.delta));
}

at::Tensor joined(const std::vector<at::Tensor>& parts) {
  return parts.size() == 1 ? parts.front() : at::cat(parts);
}

/// The heads' outputs of all parts [tokens, heads * head_dim].
at::Tensor Llama::attend(std::int64_t layer, Parts& parts, const Angles& angles,
                         const LayerAttention& attention) const {
  const Block& block = blocks_[static_cast<std::size_t>(layer)];
  std::vector<at::Tensor> queries, keys, values;
  for (Part& part : parts) {
    const at::Tensor x = add_norm(part.stream, part.arrived(), block.attention_norm, shape_.type);
    const Angles own{angles.cosine.narrow(0, part.first, part.tokens()),
                     angles.sine.narrow(0, part.first, part.tokens())};
    queries.push_back((*block.query)(x));
    keys.push_back((*block.key)(x));
    values.push_back((*block.value)(x));
    turn(queries.back(), own, block.query_norm, epsilon_);
    turn(keys.back(), own, block.key_norm, epsilon_);
  }
  const at::Tensor query = joined(queries);
  const std::int64_t tokens = query.size(0);
  return attention(layer, query.view({tokens, shape_.heads, shape_.head_dim}),
                   joined(keys).view({tokens, shape_.kv_heads, shape_.head_dim}),
                   joined(values).view({tokens, shape_.kv_heads, shape_.head_dim}))
      .reshape({tokens, shape_.heads * shape_.head_dim})
      .to(shape_.type)
      .contiguous();
}

void Llama::feed_forward(std::int64_t layer, Part& part) const {
  const Block& block = blocks_[static_cast<std::size_t>(layer)];
  const at::Tensor x = add_norm(part.stream, part.arrived(), block.mlp_norm, shape_.type);
  at::Tensor hidden = (*block.gate)(x);
  gate(hidden, (*block.up)(x));
  begin_sum(part, (*block.down)(hidden));
}

/// What the layers of this stage make of the pass goes to the next.
void Llama::hand_on(const at::Tensor& stream, Parts& parts) const {
  for (Part& part : parts) part.stream.add_(part.arrived());
  pipeline_->send(stream);
}

/// The logits of what the last layer makes.
at::Tensor Llama::end(Parts& parts) const {
  std::vector<at::Tensor> ends;
  for (Part& part : parts) {
    ends.push_back(add_norm(part.stream, part.arrived(), norm_, shape_.type));
  }
  return logits(joined(ends));
}

/// x [rows, dim] to fp32 [rows, vocabulary].
at::Tensor Llama::logits(const at::Tensor& x) const {
  const at::Tensor part = (*head_)(x).to(at::kFloat);
  if (!parallel_) return part;
  const std::int64_t width = vocabulary_part(shape_.vocabulary, parallel_->ranks());
  return parallel_->join_columns(at::constant_pad_nd(part, {0, width - part.size(1)}).contiguous())
      .narrow(1, 0, shape_.vocabulary);
}

at::Tensor Llama::forward(const at::Tensor& ids, const at::Tensor& positions,
                          const at::Tensor& rows, const LayerAttention& attention) const {
  const c10::InferenceMode no_gradients;
  const Angles angles = angles_of(rope_, positions);
  at::Tensor stream = is_first() ? embed(ids) : pipeline_->receive(ids.size(0), shape_.dim);
  Parts parts = parts_of(stream);
  for (std::int64_t i = 0; i < shape_.layers; ++i) {
    at::Tensor heads = attend(i, parts, angles, attention);
    if (is_last() && i + 1 == shape_.layers) {
      // Of the others only the keys and values were wanted.
      if (rows.numel() == 0) return at::empty({0, shape_.vocabulary}, at::kFloat);
      heads = heads.index_select(0, rows);
      stream = stream.index_select(0, rows);
      parts = parts_of(stream);
    }
    const Block& block = blocks_[static_cast<std::size_t>(i)];
    for (Part& part : parts) {
      begin_sum(part, (*block.output)(heads.narrow(0, part.first, part.tokens())));
    }
    for (Part& part : parts) feed_forward(i, part);
  }
  if (is_last()) return end(parts);
  hand_on(stream, parts);
  return {};
}

std::int64_t Llama::bytes() const {
  std::int64_t bytes = 0;
  if (head_) bytes += head_->bytes() + static_cast<std::int64_t>(norm_.weight.nbytes());
  if (embedding_.defined() && !head_is_embedding_) {
    bytes += static_cast<std::int64_t>(embedding_.nbytes());
  }
  for (const Block& block : blocks_) bytes += bytes_of(block);
  return bytes;
}

}  // namespace

std::unique_ptr<Model> make_llama(models::LlamaWeights weights, WeightFormat format,
                                  const RankGrid& ranks) {
  std::int64_t first_layer = 0;
  if (ranks.pipeline) {
    const auto stages = stages_of(weights.config, ranks.pipeline->stages());
    const LayerRange& own = stages[static_cast<std::size_t>(ranks.pipeline->stage())];
    first_layer = own.first;
    weights = stage_of(weights, own);
  }
  if (ranks.tensor) {
    weights = shard_of(weights, {.rank = ranks.tensor->rank(), .ranks = ranks.tensor->ranks()});
  }
  return std::make_unique<Llama>(std::move(weights), format, ranks, first_layer);
}

}  // namespace hadal::draf
