#pragma once

// A small GPT as many have it, with the two changes for sparse attention: see README.md.
#include <cmath>
#include <memory>
#include <vector>

#include <hadal/dao/guard/sparse_attention.h>
#include <torch/torch.h>

struct AttentionImpl : torch::nn::Module {
  AttentionImpl(int64_t dim, int64_t heads)
      : heads(heads),
        project_in(register_module("project_in", torch::nn::Linear(dim, 3 * dim))),
        project_out(register_module("project_out", torch::nn::Linear(dim, dim))) {}

  torch::Tensor forward(const torch::Tensor& x) {
    const auto split = project_in(x).unflatten(2, {3, heads, -1}).permute({2, 0, 3, 1, 4});
    const auto q = split[0], k = split[1], v = split[2];
    const auto y = sparse ? (*sparse)(q, k, v).output
                          : torch::scaled_dot_product_attention(q, k, v, {}, 0.0, true);
    return project_out(y.transpose(1, 2).flatten(2));
  }

  int64_t heads;
  torch::nn::Linear project_in, project_out;
  std::shared_ptr<hadal::dao::SparseAttention> sparse;
};
TORCH_MODULE(Attention);

struct BlockImpl : torch::nn::Module {
  BlockImpl(int64_t dim, int64_t heads)
      : norm1(register_module("norm1", torch::nn::LayerNorm(torch::nn::LayerNormOptions({dim})))),
        norm2(register_module("norm2", torch::nn::LayerNorm(torch::nn::LayerNormOptions({dim})))),
        attention(register_module("attention", Attention(dim, heads))),
        up(register_module("up", torch::nn::Linear(dim, 4 * dim))),
        down(register_module("down", torch::nn::Linear(4 * dim, dim))) {}

  torch::Tensor forward(torch::Tensor x) {
    x = x + attention(norm1(x));
    return x + down(torch::gelu(up(norm2(x))));
  }

  torch::nn::LayerNorm norm1, norm2;
  Attention attention;
  torch::nn::Linear up, down;
};
TORCH_MODULE(Block);

/// Predicts the next byte of a text, with sines as positions, so that any length goes.
struct GptImpl : torch::nn::Module {
  GptImpl(int64_t layers, int64_t dim, int64_t heads)
      : embedding(register_module("embedding", torch::nn::Embedding(256, dim))),
        head(register_module("head", torch::nn::Linear(dim, 256))) {
    for (int64_t i = 0; i < layers; ++i) {
      blocks.push_back(register_module("block" + std::to_string(i), Block(dim, heads)));
    }
  }

  /// Bytes int64 [batch, tokens] to logits [batch, tokens, 256].
  torch::Tensor forward(const torch::Tensor& bytes) {
    auto x = embedding(bytes);
    x = x + positions(bytes.size(1), x.size(2)).to(x.scalar_type());
    for (auto& block : blocks) x = block(x);
    return head(x);
  }

  static torch::Tensor positions(int64_t tokens, int64_t dim) {
    const auto rates = torch::exp(torch::arange(dim / 2) * (-std::log(10000.0) / (dim / 2)));
    const auto angles = torch::arange(tokens).unsqueeze(1) * rates;
    return torch::cat({angles.sin(), angles.cos()}, 1);
  }

  torch::nn::Embedding embedding;
  torch::nn::Linear head;
  std::vector<Block> blocks;
};
TORCH_MODULE(Gpt);
