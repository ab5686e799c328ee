#include "hadal/dao/gate/dynamic_gate.h"

#include "hadal/core/error.h"
#include "hadal/dao/block_lists.h"
#include "hadal/dao/gate/check.h"
#include "hadal/dao/select/block_features.h"

#include <algorithm>
#include <cmath>
#include <string>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <torch/nn/init.h>

namespace hadal::dao {
namespace {

void require_heads(const char* name, const at::Tensor& x, std::int64_t heads, std::int64_t size) {
  if (x.defined() && x.dim() == 4 && x.size(1) == heads && x.size(3) == size) return;
  throw InvalidArgument(
      concat("gate: expected ", name, " [batch, ", heads, ", blocks or tokens, ", size, "], got ",
             x.defined() ? concat(x.sizes()) : "an undefined tensor"),
      "use the gate of the layer that the queries and keys come from");
}

/// Pooled blocks [batch * heads, blocks, padded size] as [batch, heads, blocks, size].
at::Tensor by_head(const at::Tensor& pooled, const at::Tensor& x) {
  return pooled.unflatten(0, {x.size(0), x.size(1)}).narrow(3, 0, x.size(3));
}

}  // namespace

void check(const GateOptions& options) {
  const auto require = [](bool holds, const char* expected, std::int64_t got) {
    if (!holds) throw InvalidArgument(concat("DynamicGate: expected ", expected, ", got ", got));
  };
  require(options.heads >= 1 && options.heads <= kMostHeads, "heads from 1 to 65536",
          options.heads);
  require(options.kv_heads >= 1 && options.heads % options.kv_heads == 0,
          "kv_heads that divide heads", options.kv_heads);
  require(options.head_dim >= 1 && options.head_dim <= 256, "head_dim from 1 to 256",
          options.head_dim);
  require(options.rank >= 1 && options.rank <= 256 && options.rank % BlockScorer::kFeatureStep == 0,
          "a rank that is a multiple of 16 from 16 to 256", options.rank);
}

at::Tensor pooled_queries(const at::Tensor& query, double scale) {
  return by_head(block_means(query), query) * scale;
}

at::Tensor pooled_keys(const at::Tensor& key, const std::optional<at::Tensor>& key_mask) {
  const at::Tensor bounds = block_bounds(key, key_mask);
  const std::int64_t padded = bounds.size(2) / 2;
  return at::cat(
      {by_head(block_means(key, key_mask), key), by_head(bounds.narrow(2, 0, padded), key),
       by_head(bounds.narrow(2, padded, padded), key)},
      3);
}

/// A linear layer for each head: x [batch, heads, blocks, in] to [batch, heads, blocks, out].
class DynamicGateImpl::HeadLinear : public torch::nn::Module {
 public:
  HeadLinear(std::int64_t heads, std::int64_t in, std::int64_t out)
      : weight_(register_parameter("weight", at::zeros({heads, out, in}))),
        bias_(register_parameter("bias", at::zeros({heads, out}))) {}

  HeadLinear(const HeadLinear& other, bool requires_grad)
      : weight_(register_parameter("weight", other.weight_.detach().clone(), requires_grad)),
        bias_(register_parameter("bias", other.bias_.detach().clone(), requires_grad)) {}

  at::Tensor forward(const at::Tensor& x) const {
    return at::matmul(x, weight_.transpose(1, 2)) + bias_.unsqueeze(1);
  }

  /// Of `blocks` blocks in one head.
  double flops(double blocks) const {
    return blocks * static_cast<double>(weight_.size(1)) *
           (2 * static_cast<double>(weight_.size(2)) + 1);
  }

  const at::Tensor& weight() const { return weight_; }

 private:
  at::Tensor weight_, bias_;
};

DynamicGateImpl::DynamicGateImpl(const GateOptions& options)
    : torch::nn::Module("DynamicGate"), options_(options) {
  check(options);
  const auto [heads, kv_heads, head_dim, rank] = options;
  query_ = register_module("query", std::make_shared<HeadLinear>(heads, head_dim, rank));
  key_ = register_module("key", std::make_shared<HeadLinear>(kv_heads, kKeyParts * head_dim, rank));
  // Orthogonal columns or rows, scaled such that the product of two projected vectors is that of
  // the vectors: exactly where rank >= head_dim, and otherwise on average.
  const c10::NoGradGuard no_grad;
  const double gain =
      std::max(1.0, std::sqrt(static_cast<double>(head_dim) / static_cast<double>(rank)));
  const std::int64_t group = heads / kv_heads;
  for (std::int64_t g = 0; g < kv_heads; ++g) {
    const at::Tensor projection = torch::nn::init::orthogonal_(at::empty({rank, head_dim}), gain);
    query_->weight().narrow(0, g * group, group).copy_(projection);
    key_->weight().select(0, g).narrow(1, 0, head_dim).copy_(projection);
  }
}

at::Tensor DynamicGateImpl::logits(const PooledBlocks& blocks) const {
  require_heads("pooled queries", blocks.query, options_.heads, options_.head_dim);
  require_heads("pooled keys", blocks.key, options_.kv_heads, kKeyParts * options_.head_dim);
  const at::Tensor query = query_->forward(blocks.query);
  const at::Tensor key = key_->forward(blocks.key);
  const auto groups = query.unflatten(1, {options_.kv_heads, -1});
  return at::matmul(groups, key.unsqueeze(2).transpose(3, 4)).flatten(1, 2);
}

at::Tensor DynamicGateImpl::forward(const PooledBlocks& blocks) const {
  return logits(blocks).sigmoid();
}

GateScorer::GateScorer(const DynamicGateImpl& gate)
    : options_(gate.options()),
      query_(std::make_shared<const DynamicGateImpl::HeadLinear>(*gate.query_, false)),
      key_(std::make_shared<const DynamicGateImpl::HeadLinear>(*gate.key_, false)) {}

std::int64_t GateScorer::features(std::int64_t head_dim) const {
  if (head_dim == options_.head_dim) return options_.rank;
  throw InvalidArgument(concat("gate: expected head_dim ", options_.head_dim, ", got ", head_dim));
}

at::Tensor GateScorer::query_features(const at::Tensor& query, double scale) const {
  require_heads("queries", query, options_.heads, options_.head_dim);
  return query_->forward(pooled_queries(query, scale)).flatten(0, 1).contiguous();
}

at::Tensor GateScorer::key_features(const at::Tensor& key,
                                    const std::optional<at::Tensor>& key_mask) const {
  require_heads("keys", key, options_.kv_heads, options_.head_dim);
  return key_->forward(pooled_keys(key, key_mask)).flatten(0, 1).contiguous();
}

double GateScorer::flops(const at::Tensor& query, const at::Tensor& key, double pairs) const {
  const auto blocks = [](const at::Tensor& x) {
    return static_cast<double>(x.size(0) * x.size(1) * blocks_of(x.size(2)));
  };
  return static_cast<double>(query.numel()) + kKeyParts * static_cast<double>(key.numel()) +
         query_->flops(blocks(query)) + key_->flops(blocks(key)) +
         2 * static_cast<double>(options_.rank) * pairs;
}

}  // namespace hadal::dao
