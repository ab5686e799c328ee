#pragma once

#include "hadal/models/attention_function.h"

#include <cstdint>
#include <memory>
#include <vector>

#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/embedding.h>
#include <torch/nn/modules/linear.h>

namespace hadal::models {

struct SentenceRankerOptions {
  std::int64_t vocabulary = 0;  ///< number of token ids; must be set
  std::int64_t dim = 64;        ///< width of the residual stream
  std::int64_t layers = 1;
  std::int64_t heads = 2;       ///< must divide dim
  std::int64_t hidden = 256;    ///< width of the feed-forward layer
  std::int64_t positions = 48;  ///< sentences with a position of their own; those beyond share one
  double dropout = 0.1;         ///< share of activations, in [0, 1), while training
};

/// A document cut into tokens.
struct TokenizedDocument {
  at::Tensor ids;        ///< int64 [tokens]
  at::Tensor sentences;  ///< int64 [tokens]: the sentence of each token, 0, 1, ... without a gap
};

/// Ranks the sentences of a document for an extractive summary, after the summarizer of Liu and
/// Lapata (2019) but small enough to be trained from nothing: layers of bidirectional attention
/// over all tokens of the document, the mean of each sentence's tokens, and a linear layer over it,
/// to which four plain features of the sentence are added: the logarithm of its place, whether it
/// is the first, and the logarithm of its length, once and squared. A token starts as a fixed
/// random vector of its id plus a trained one of its sentence's place. Queries and keys of a layer
/// start as the tokens themselves, so that a token first looks for its own kind: words that come in
/// many sentences are what a document is about.
class SentenceRankerImpl : public torch::nn::Module {
 public:
  /// Throws InvalidArgument, naming the option, where `options` do not describe a model.
  explicit SentenceRankerImpl(const SentenceRankerOptions& options);

  /// Scores [sentences], the higher the likelier in the summary. `attention` is over all keys, of
  /// query, key and value [1, heads, tokens, head_dim]; at::scaled_dot_product_attention where
  /// empty. Throws InvalidArgument for documents of another type or shape, without tokens, with ids
  /// outside of the vocabulary or sentences out of order, and where `attention` gives other sizes.
  at::Tensor forward(const TokenizedDocument& document, const AttentionFunction& attention = {});

  const SentenceRankerOptions& options() const { return options_; }

 private:
  class Layer;

  at::Tensor embed(const TokenizedDocument& document);

  SentenceRankerOptions options_;
  torch::nn::Embedding words_{nullptr}, places_{nullptr};
  torch::nn::Dropout dropout_{nullptr};
  std::vector<std::shared_ptr<Layer>> layers_;
  torch::nn::Linear content_{nullptr}, features_{nullptr};
};
TORCH_MODULE(SentenceRanker);

}  // namespace hadal::models
