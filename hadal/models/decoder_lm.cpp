#include "hadal/models/decoder_lm.h"

#include "hadal/core/error.h"
#include "hadal/models/input_check.h"
#include "hadal/models/rotary.h"

#include <cmath>
#include <string>

#include <ATen/ops/aminmax.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/rms_norm.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/silu.h>
#include <torch/nn/init.h>
#include <torch/nn/modules/container/modulelist.h>

namespace hadal::models {
namespace {

void require(bool holds, const char* expected, std::int64_t got) {
  if (!holds) throw InvalidArgument(concat("DecoderLm: expected ", expected, ", got ", got));
}

void require_positive(const char* name, double value) {
  if (value > 0 && std::isfinite(value)) return;
  throw InvalidArgument(concat("DecoderLm: expected a positive ", name, ", got ", value));
}

DecoderLmOptions checked(const DecoderLmOptions& options) {
  require(options.vocabulary > 0, "a positive vocabulary", options.vocabulary);
  require(options.dim > 0, "a positive dim", options.dim);
  require(options.layers > 0, "a positive number of layers", options.layers);
  require(options.heads > 0, "a positive number of heads", options.heads);
  require(options.kv_heads > 0, "a positive number of kv_heads", options.kv_heads);
  require(options.hidden > 0, "a positive hidden width", options.hidden);
  require(options.context > 0, "a positive context", options.context);
  require(options.dim % options.heads == 0 && options.dim / options.heads % 2 == 0,
          concat("dim to be a multiple of twice the ", options.heads, " heads").c_str(),
          options.dim);
  require(options.heads % options.kv_heads == 0,
          concat("kv_heads to divide the ", options.heads, " heads").c_str(), options.kv_heads);
  require_positive("norm_epsilon", options.norm_epsilon);
  require_positive("rope_theta", options.rope_theta);
  return options;
}

torch::nn::Linear linear(torch::nn::Module& parent, const char* name, std::int64_t in,
                         std::int64_t out) {
  return parent.register_module(name,
                                torch::nn::Linear(torch::nn::LinearOptions(in, out).bias(false)));
}

void check_ids(const at::Tensor& ids, std::int64_t first_position,
               const DecoderLmOptions& options) {
  require_input("DecoderLm: ids", ids, {-1, -1}, at::kLong);
  require(ids.size(1) <= options.context,
          concat("at most ", options.context, " tokens (the context)").c_str(), ids.size(1));
  const std::int64_t last = options.context - ids.size(1);
  require(first_position >= 0 && first_position <= last,
          concat("a first position from 0 to ", last, " for ", ids.size(1), " tokens").c_str(),
          first_position);
  const auto [low, high] = at::aminmax(ids);
  const std::string range = concat("ids from 0 to ", options.vocabulary - 1);
  require(low.item<std::int64_t>() >= 0, range.c_str(), low.item<std::int64_t>());
  require(high.item<std::int64_t>() < options.vocabulary, range.c_str(), high.item<std::int64_t>());
}

at::Tensor fused_attention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                           std::int64_t /*layer*/) {
  return at::scaled_dot_product_attention(
      query, key, value, /*attn_mask=*/{}, /*dropout_p=*/0.0, /*is_causal=*/true,
      /*scale=*/std::nullopt, /*enable_gqa=*/query.size(1) != key.size(1));
}

/// What the layers of one call share.
struct Pass {
  Rotary rotary;
  AttentionFunction attention;
};

/// What pass.attention makes of layer `layer`, if it fits.
at::Tensor attend(const Pass& pass, const at::Tensor& query, const at::Tensor& key,
                  const at::Tensor& value, std::int64_t layer) {
  const at::Tensor mixed = pass.attention(query, key, value, layer);
  // Under mixed precision the three may have types of their own, and the result that of any.
  at::ScalarType type = query.scalar_type();
  for (const at::Tensor& other : {key, value}) {
    if (mixed.defined() && mixed.scalar_type() == other.scalar_type()) type = other.scalar_type();
  }
  require_input(concat("DecoderLm: result of the attention of layer ", layer).c_str(), mixed,
                query.sizes(), type);
  return mixed;
}

}  // namespace

/// x / sqrt(mean(x^2) + epsilon) * weight (Zhang and Sennrich, 2019).
class DecoderLmImpl::Norm : public torch::nn::Module {
 public:
  Norm(std::int64_t dim, double epsilon)
      : weight_(register_parameter("weight", at::ones({dim}))), epsilon_(epsilon) {}

  at::Tensor forward(const at::Tensor& x) const {
    return at::rms_norm(x, weight_.sizes(), weight_, epsilon_);
  }

 private:
  at::Tensor weight_;
  double epsilon_;
};

class DecoderLmImpl::Attention : public torch::nn::Module {
 public:
  explicit Attention(const DecoderLmOptions& options)
      : head_dim_(options.dim / options.heads),
        query_(linear(*this, "q_proj", options.dim, options.dim)),
        key_(linear(*this, "k_proj", options.dim, options.kv_heads * head_dim_)),
        value_(linear(*this, "v_proj", options.dim, options.kv_heads * head_dim_)),
        output_(linear(*this, "o_proj", options.dim, options.dim)) {}

  at::Tensor forward(const at::Tensor& x, const Pass& pass, std::int64_t layer) {
    const at::Tensor query = pass.rotary(split_heads(query_->forward(x)));
    const at::Tensor key = pass.rotary(split_heads(key_->forward(x)));
    const at::Tensor value = split_heads(value_->forward(x));
    const at::Tensor mixed = attend(pass, query, key, value, layer);
    return output_->forward(mixed.transpose(1, 2).flatten(2));
  }

 private:
  /// [b, t, heads * head_dim] -> [b, heads, t, head_dim].
  at::Tensor split_heads(const at::Tensor& x) const {
    return x.unflatten(-1, {-1, head_dim_}).transpose(1, 2);
  }

  std::int64_t head_dim_;
  torch::nn::Linear query_, key_, value_, output_;
};

/// SwiGLU: down(silu(gate(x)) * up(x)) (Shazeer, 2020).
class DecoderLmImpl::FeedForward : public torch::nn::Module {
 public:
  explicit FeedForward(const DecoderLmOptions& options)
      : gate_(linear(*this, "gate_proj", options.dim, options.hidden)),
        up_(linear(*this, "up_proj", options.dim, options.hidden)),
        down_(linear(*this, "down_proj", options.hidden, options.dim)) {}

  at::Tensor forward(const at::Tensor& x) {
    return down_->forward(at::silu(gate_->forward(x)) * up_->forward(x));
  }

 private:
  torch::nn::Linear gate_, up_, down_;
};

class DecoderLmImpl::Layer : public torch::nn::Module {
 public:
  explicit Layer(const DecoderLmOptions& options)
      : attention_norm_(register_module("input_layernorm",
                                        std::make_shared<Norm>(options.dim, options.norm_epsilon))),
        attention_(register_module("self_attn", std::make_shared<Attention>(options))),
        feed_forward_norm_(register_module(
            "post_attention_layernorm", std::make_shared<Norm>(options.dim, options.norm_epsilon))),
        feed_forward_(register_module("mlp", std::make_shared<FeedForward>(options))) {}

  at::Tensor forward(const at::Tensor& input, const Pass& pass, std::int64_t layer) {
    const at::Tensor x = input + attention_->forward(attention_norm_->forward(input), pass, layer);
    return x + feed_forward_->forward(feed_forward_norm_->forward(x));
  }

 private:
  std::shared_ptr<Norm> attention_norm_;
  std::shared_ptr<Attention> attention_;
  std::shared_ptr<Norm> feed_forward_norm_;
  std::shared_ptr<FeedForward> feed_forward_;
};

DecoderLmImpl::DecoderLmImpl(const DecoderLmOptions& options)
    : torch::nn::Module("DecoderLm"), options_(checked(options)) {
  auto model = register_module("model", std::make_shared<torch::nn::Module>("Model"));
  embedding_ = model->register_module("embed_tokens",
                                      torch::nn::Embedding(options_.vocabulary, options_.dim));
  auto list = model->register_module("layers", torch::nn::ModuleList());
  for (std::int64_t i = 0; i < options_.layers; ++i) {
    layers_.push_back(std::make_shared<Layer>(options_));
    list->push_back(layers_.back());
  }
  norm_ =
      model->register_module("norm", std::make_shared<Norm>(options_.dim, options_.norm_epsilon));
  if (!options_.tied_embeddings) {
    output_ = linear(*this, "lm_head", options_.dim, options_.vocabulary);
  }
  initialize();
}

void DecoderLmImpl::initialize() {
  constexpr double kDeviation = 0.02;
  const double residual_deviation =
      kDeviation / std::sqrt(2.0 * static_cast<double>(options_.layers));
  for (const auto& item : named_parameters()) {
    if (item.value().dim() < 2) continue;
    const std::string& name = item.key();
    const bool writes_residual =
        name.ends_with("o_proj.weight") || name.ends_with("down_proj.weight");
    torch::nn::init::normal_(item.value(), 0, writes_residual ? residual_deviation : kDeviation);
  }
}

at::Tensor DecoderLmImpl::forward(const at::Tensor& ids, const ForwardOptions& options) {
  check_ids(ids, options.first_position, options_);
  at::Tensor x = embedding_->forward(ids);
  const Pass pass{
      .rotary = Rotary(options.first_position, ids.size(1), options_.dim / options_.heads,
                       options_.rope_theta, x.scalar_type(), x.device()),
      .attention = options.attention ? options.attention : fused_attention};
  for (std::int64_t i = 0; i < options_.layers; ++i) {
    x = layers_[static_cast<std::size_t>(i)]->forward(x, pass, i);
  }
  if (options.last_only) x = x.narrow(1, x.size(1) - 1, 1);
  x = norm_->forward(x);
  return output_.is_empty() ? at::linear(x, embedding_->weight) : output_->forward(x);
}

}  // namespace hadal::models
