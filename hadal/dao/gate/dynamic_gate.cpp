#include "hadal/dao/gate/dynamic_gate.h"

#include "hadal/core/error.h"
#include "hadal/dao/block_lists.h"
#include "hadal/dao/gate/check.h"
#include "hadal/dao/select/block_features.h"

#include <cmath>
#include <string>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/full.h>
#include <ATen/ops/log1p.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

namespace hadal::dao {
namespace {

/// Where a share is 1 after rounding, its logit is that of the largest below 1.
constexpr double kLargestShare = 1 - 1.2e-7;

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
  require(options.rank >= 1 && options.rank <= 256, "a rank from 1 to 256", options.rank);
}

at::Tensor pooled_keys(const at::Tensor& key, const std::optional<at::Tensor>& key_mask) {
  const at::Tensor bounds = block_bounds(key, key_mask);
  const std::int64_t padded = bounds.size(2) / 2;
  return at::cat(
      {by_head(block_means(key, key_mask), key), by_head(bounds.narrow(2, 0, padded), key),
       by_head(bounds.narrow(2, padded, padded), key)},
      3);
}

/// t: a factor for each head of queries.
class DynamicGateImpl::QueryWeight : public torch::nn::Module {
 public:
  explicit QueryWeight(std::int64_t heads)
      : weight_(register_parameter("weight", at::full({heads}, kFirstWeight))) {}

  QueryWeight(const QueryWeight& other, bool requires_grad)
      : weight_(register_parameter("weight", other.weight_.detach().clone(), requires_grad)) {}

  at::Tensor forward(const at::Tensor& query, double scale = 1) const {
    return query * (weight_ * scale).view({-1, 1, 1});
  }

 private:
  /// The bounds are too large: with a weight below 1, the shares come nearer to dense attention's.
  static constexpr double kFirstWeight = 0.4;

  at::Tensor weight_;
};

/// D, V, U and b: [batch, kv_heads, blocks, 3 head_dim] to [batch, kv_heads, blocks, 2 head_dim].
class DynamicGateImpl::KeyLayer : public torch::nn::Module {
 public:
  explicit KeyLayer(const GateOptions& gate)
      : diagonal_(register_parameter(
            "diagonal", at::zeros({gate.kv_heads, kBoundParts, kKeyParts, gate.head_dim}))),
        down_(register_parameter("down",
                                 at::randn({gate.kv_heads, gate.rank, kKeyParts * gate.head_dim}) /
                                     std::sqrt(static_cast<double>(kKeyParts * gate.head_dim)))),
        up_(register_parameter("up",
                               at::zeros({gate.kv_heads, kBoundParts * gate.head_dim, gate.rank}))),
        bias_(register_parameter("bias", at::zeros({gate.kv_heads, kBoundParts * gate.head_dim}))) {
    const c10::NoGradGuard no_grad;
    diagonal_.narrow(2, 1, 2).fill_(0.5);  // half of the sum of the largest and the smallest
    diagonal_.select(1, 1).select(1, 2).fill_(-0.5);  // and of their difference
  }

  KeyLayer(const KeyLayer& other, bool requires_grad)
      : diagonal_(register_parameter("diagonal", other.diagonal_.detach().clone(), requires_grad)),
        down_(register_parameter("down", other.down_.detach().clone(), requires_grad)),
        up_(register_parameter("up", other.up_.detach().clone(), requires_grad)),
        bias_(register_parameter("bias", other.bias_.detach().clone(), requires_grad)) {}

  at::Tensor forward(const at::Tensor& x) const {
    const at::Tensor parts = x.unflatten(3, {1, kKeyParts, -1});
    const at::Tensor weights = diagonal_.unsqueeze(1);  // [kv_heads, 1 for the blocks, ...]
    const at::Tensor own = (parts * weights).sum(4).flatten(3);
    const at::Tensor mixed = at::matmul(at::matmul(x, down_.transpose(1, 2)), up_.transpose(1, 2));
    return own + mixed + bias_.unsqueeze(1);
  }

  /// Of `blocks` blocks in one head.
  double flops(double blocks) const {
    const auto in = static_cast<double>(down_.size(2));
    const auto rank = static_cast<double>(down_.size(1));
    const auto out = static_cast<double>(up_.size(1));
    const double mixing = rank * (2 * in - 1) + out * (2 * rank - 1);
    return blocks * (out * (2 * kKeyParts - 1) + mixing + 2 * out);  // and the sums of the three
  }

 private:
  at::Tensor diagonal_, down_, up_, bias_;
};

DynamicGateImpl::DynamicGateImpl(const GateOptions& options)
    : torch::nn::Module("DynamicGate"), options_(options) {
  check(options);
  query_ = register_module("query", std::make_shared<QueryWeight>(options.heads));
  key_ = register_module("key", std::make_shared<KeyLayer>(options));
}

at::Tensor DynamicGateImpl::logits(const GateInput& input) const {
  require_heads("queries", input.query, options_.heads, options_.head_dim);
  require_heads("pooled keys", input.key, options_.kv_heads, kKeyParts * options_.head_dim);
  constexpr double kUnseen = -1e30;  // finite, so that rows that see nothing have gradients too
  const at::Tensor query = query_->forward(input.query);
  const at::Tensor bounds =
      key_->forward(input.key).repeat_interleave(options_.heads / options_.kv_heads, 1);
  const at::Tensor products = at::matmul(at::cat({query, query.abs()}, 3), bounds.transpose(2, 3));
  // Whole blocks of queries: those that are missing see nothing and have no share.
  const std::int64_t missing = blocks_of(query.size(2)) * kBlockSize - query.size(2);
  const at::Tensor is_seen =
      input.visible.repeat_interleave(kBlockSize, 2).narrow(2, 0, query.size(2));
  const at::Tensor log_shares = products.masked_fill(~is_seen, kUnseen).log_softmax(3);
  const at::Tensor largest = at::constant_pad_nd(log_shares, {0, 0, 0, missing}, kUnseen)
                                 .unflatten(2, {-1, kBlockSize})
                                 .amax(3)
                                 .clamp_min(kUnseen);
  return largest - at::log1p(-largest.exp().clamp_max(kLargestShare));
}

at::Tensor DynamicGateImpl::forward(const GateInput& input) const {
  return logits(input).sigmoid();
}

GateScorer::GateScorer(const DynamicGateImpl& gate)
    : options_(gate.options()),
      query_(std::make_shared<const DynamicGateImpl::QueryWeight>(*gate.query_, false)),
      key_(std::make_shared<const DynamicGateImpl::KeyLayer>(*gate.key_, false)) {}

std::int64_t GateScorer::features(std::int64_t head_dim) const {
  if (head_dim == options_.head_dim) return padded_features(kBoundParts * head_dim);
  throw InvalidArgument(concat("gate: expected head_dim ", options_.head_dim, ", got ", head_dim));
}

at::Tensor GateScorer::query_features(const at::Tensor& query, double scale) const {
  require_heads("queries", query, options_.heads, options_.head_dim);
  return query_->forward(query.detach().to(at::kFloat), scale).flatten(0, 1).contiguous();
}

at::Tensor GateScorer::key_features(const at::Tensor& key,
                                    const std::optional<at::Tensor>& key_mask) const {
  require_heads("keys", key, options_.kv_heads, options_.head_dim);
  const at::Tensor bounds = key_->forward(pooled_keys(key, key_mask)).flatten(0, 1);
  return at::constant_pad_nd(bounds, {0, features(key.size(3)) - bounds.size(2)}).contiguous();
}

double GateScorer::flops(const at::Tensor& query, const at::Tensor& key,
                         const ScoredPairs& pairs) const {
  const auto key_blocks = static_cast<double>(key.size(0) * key.size(1) * blocks_of(key.size(2)));
  const double product = 2.0 * kBoundParts * static_cast<double>(options_.head_dim);
  // Of a softmax: comparing, subtracting, exponential, adding and dividing; then comparing for the
  // largest of the queries.
  constexpr double kShare = 6;
  return static_cast<double>(query.numel()) + kKeyParts * static_cast<double>(key.numel()) +
         key_->flops(key_blocks) + (product + kShare) * pairs.queries;
}

}  // namespace hadal::dao
