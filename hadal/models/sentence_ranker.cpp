#include "hadal/models/sentence_ranker.h"

#include "hadal/core/error.h"
#include "hadal/models/input_check.h"

#include <cmath>

#include <ATen/ops/aminmax.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/bincount.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/rms_norm.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <torch/nn/init.h>
#include <torch/nn/modules/container/modulelist.h>

namespace hadal::models {
namespace {

constexpr std::int64_t kFeatures = 4;
/// Of queries and keys at the start: a token's own kind gets a score of 2 sqrt(head_dim), others'
/// scores scatter with a deviation of 2.
constexpr double kSharpness = 1.4;
/// Of the layers that write to the residual stream, as in GPT-2.
constexpr double kDeviation = 0.02;
/// Of a sentence's score for the logarithm of its place at the start: news leads with what matters.
constexpr double kLead = -0.7;
/// About the logarithm of the length of a sentence of news.
constexpr double kUsualLogLength = 3;

void require(bool holds, const char* expected, std::int64_t got) {
  if (!holds) throw InvalidArgument(concat("SentenceRanker: expected ", expected, ", got ", got));
}

SentenceRankerOptions checked(const SentenceRankerOptions& options) {
  require(options.vocabulary > 0, "a positive vocabulary", options.vocabulary);
  require(options.dim > 0, "a positive dim", options.dim);
  require(options.layers > 0, "a positive number of layers", options.layers);
  require(options.heads > 0, "a positive number of heads", options.heads);
  require(options.dim % options.heads == 0,
          concat("dim to be a multiple of the ", options.heads, " heads").c_str(), options.dim);
  require(options.hidden > 0, "a positive hidden width", options.hidden);
  require(options.positions > 0, "a positive number of positions", options.positions);
  if (!(options.dropout >= 0 && options.dropout < 1)) {
    throw InvalidArgument(
        concat("SentenceRanker: expected a dropout from 0 to below 1, got ", options.dropout));
  }
  return options;
}

void check_document(const TokenizedDocument& document, std::int64_t vocabulary) {
  require_input("SentenceRanker: ids", document.ids, {-1}, at::kLong);
  require_input("SentenceRanker: sentences", document.sentences, {document.ids.size(0)}, at::kLong);
  const auto [low, high] = at::aminmax(document.ids);
  const std::string range = concat("ids from 0 to ", vocabulary - 1);
  require(low.item<std::int64_t>() >= 0, range.c_str(), low.item<std::int64_t>());
  require(high.item<std::int64_t>() < vocabulary, range.c_str(), high.item<std::int64_t>());
  const std::int64_t first = document.sentences[0].item<std::int64_t>();
  require(first == 0, "the first token in sentence 0", first);
  if (document.ids.size(0) == 1) return;
  const auto [least, most] = at::aminmax(document.sentences.diff());
  const char* steps = "each token in the sentence of the one before it or the next";
  require(least.item<std::int64_t>() >= 0, steps, least.item<std::int64_t>());
  require(most.item<std::int64_t>() <= 1, steps, most.item<std::int64_t>());
}

/// [sentences, kFeatures] of sentences of `lengths` tokens.
at::Tensor features_of(const at::Tensor& lengths) {
  const at::Tensor place = at::arange(lengths.size(0), lengths.options());
  const at::Tensor length = lengths.log() - kUsualLogLength;
  return at::stack(
      {(place + 1).log(), (place == 0).to(lengths.scalar_type()), length, length * length}, 1);
}

at::Tensor normalized(const at::Tensor& x) { return at::rms_norm(x, {x.size(-1)}); }

}  // namespace

/// Attention and a feed-forward layer, each over the normalized residual stream, to which it adds.
class SentenceRankerImpl::Layer : public torch::nn::Module {
 public:
  explicit Layer(const SentenceRankerOptions& options)
      : heads_(options.heads),
        query_(linear("query", options.dim, options.dim, false)),
        key_(linear("key", options.dim, options.dim, false)),
        value_(linear("value", options.dim, options.dim, false)),
        output_(linear("output", options.dim, options.dim, false)),
        up_(linear("up", options.dim, options.hidden, true)),
        down_(linear("down", options.hidden, options.dim, true)),
        dropout_(register_module("dropout", torch::nn::Dropout(options.dropout))) {
    const c10::NoGradGuard no_grad;
    for (auto& projection : {query_, key_}) {
      projection->weight.copy_(at::eye(options.dim) * kSharpness);
    }
    for (auto& writer : {output_, down_}) torch::nn::init::normal_(writer->weight, 0, kDeviation);
  }

  at::Tensor forward(const at::Tensor& input, const AttentionFunction& attention,
                     std::int64_t layer) {
    const at::Tensor y = normalized(input);
    const at::Tensor query = split_heads(query_->forward(y));
    const at::Tensor key = split_heads(key_->forward(y));
    const at::Tensor value = split_heads(value_->forward(y));
    const at::Tensor mixed = attention ? attention(query, key, value, layer)
                                       : at::scaled_dot_product_attention(query, key, value);
    require_input("SentenceRanker: the result of attention", mixed, value.sizes(),
                  value.scalar_type());
    const at::Tensor x =
        input + dropout_->forward(output_->forward(mixed[0].transpose(0, 1).flatten(1)));
    return x + dropout_->forward(down_->forward(at::gelu(up_->forward(normalized(x)))));
  }

 private:
  torch::nn::Linear linear(const char* name, std::int64_t in, std::int64_t out, bool bias) {
    return register_module(name, torch::nn::Linear(torch::nn::LinearOptions(in, out).bias(bias)));
  }

  /// [tokens, dim] -> [1, heads, tokens, head_dim].
  at::Tensor split_heads(const at::Tensor& x) const {
    return x.unflatten(-1, {heads_, -1}).transpose(0, 1).unsqueeze(0);
  }

  std::int64_t heads_;
  torch::nn::Linear query_, key_, value_, output_, up_, down_;
  torch::nn::Dropout dropout_;
};

SentenceRankerImpl::SentenceRankerImpl(const SentenceRankerOptions& options)
    : torch::nn::Module("SentenceRanker"), options_(checked(options)) {
  words_ = register_module("words", torch::nn::Embedding(options_.vocabulary, options_.dim));
  words_->weight.set_requires_grad(false);
  places_ = register_module("places", torch::nn::Embedding(options_.positions, options_.dim));
  dropout_ = register_module("dropout", torch::nn::Dropout(options_.dropout));
  auto list = register_module("layers", torch::nn::ModuleList());
  for (std::int64_t i = 0; i < options_.layers; ++i) {
    layers_.push_back(std::make_shared<Layer>(options_));
    list->push_back(layers_.back());
  }
  content_ = register_module("content", torch::nn::Linear(options_.dim, 1));
  features_ = register_module("features", torch::nn::Linear(kFeatures, 1));
  const c10::NoGradGuard no_grad;
  torch::nn::init::normal_(content_->weight, 0, kDeviation);
  features_->weight.zero_();
  features_->weight[0][0].fill_(kLead);
}

at::Tensor SentenceRankerImpl::embed(const TokenizedDocument& document) {
  const at::Tensor places = document.sentences.clamp_max(options_.positions - 1);
  return dropout_->forward(words_->forward(document.ids)) + places_->forward(places);
}

at::Tensor SentenceRankerImpl::forward(const TokenizedDocument& document,
                                       const AttentionFunction& attention) {
  check_document(document, options_.vocabulary);
  at::Tensor x = embed(document);
  for (std::int64_t i = 0; i < options_.layers; ++i) {
    x = layers_[static_cast<std::size_t>(i)]->forward(x, attention, i);
  }
  const at::Tensor lengths = at::bincount(document.sentences).to(x.scalar_type());
  const at::Tensor means =
      at::zeros({lengths.size(0), options_.dim}, x.options()).index_add(0, document.sentences, x) /
      lengths.unsqueeze(1);
  const at::Tensor content = content_->forward(dropout_->forward(normalized(means)));
  return (content + features_->forward(features_of(lengths))).squeeze(1);
}

}  // namespace hadal::models
