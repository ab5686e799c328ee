#pragma once

#include "hadal/draf/model/model.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/tensor.h>

/// What the tests of models share; never installed.
namespace hadal::draf::testing {

/// Attention by its definition, over one sequence whose tokens come in order, in as many passes as
/// one likes. It keeps what it was given.
class PlainAttention {
 public:
  explicit PlainAttention(const ModelShape& shape)
      : shape_(shape), keys_(static_cast<std::size_t>(shape.layers)), values_(keys_.size()) {}

  at::Tensor operator()(std::int64_t layer, const at::Tensor& query, const at::Tensor& key,
                        const at::Tensor& value) {
    const at::Tensor keys = extended(keys_[static_cast<std::size_t>(layer)], key);
    const at::Tensor values = extended(values_[static_cast<std::size_t>(layer)], value);
    const auto heads_first = [](const at::Tensor& x) { return x.to(at::kFloat).transpose(0, 1); };
    const double scale = 1 / std::sqrt(static_cast<double>(shape_.head_dim));
    at::Tensor scores = at::matmul(heads_first(query), heads_first(keys).transpose(1, 2)) * scale;
    scores.masked_fill_(hidden(query.size(0), keys.size(0), layer),
                        -std::numeric_limits<float>::infinity());
    return at::matmul(at::softmax(scores, -1), heads_first(values))
        .transpose(0, 1)
        .to(query.scalar_type());
  }

 private:
  at::Tensor extended(at::Tensor& kept, const at::Tensor& more) const {
    kept = kept.defined() ? at::cat({kept, more}) : more.clone();
    return kept.repeat_interleave(shape_.heads / shape_.kv_heads, 1);
  }
  /// Which keys a query does not see, bool [queries, keys].
  at::Tensor hidden(std::int64_t queries, std::int64_t keys, std::int64_t layer) const {
    const at::Tensor at_query = at::arange(keys - queries, keys).unsqueeze(1);
    const at::Tensor at_key = at::arange(keys).unsqueeze(0);
    const std::int64_t window = shape_.windows[static_cast<std::size_t>(layer)];
    const at::Tensor later = at_key > at_query;
    return window == 0 ? later : later.logical_or(at_key <= at_query - window);
  }

  ModelShape shape_;
  std::vector<at::Tensor> keys_;
  std::vector<at::Tensor> values_;
};

inline at::Tensor tensor_of(const std::vector<std::int64_t>& ids) {
  return at::tensor(ids, at::kLong);
}

/// The logits of every token of a sequence.
inline at::Tensor logits_of(const Model& model, const std::vector<std::int64_t>& ids) {
  const at::Tensor positions = at::arange(static_cast<std::int64_t>(ids.size()), at::kLong);
  return model.forward(tensor_of(ids), positions, positions, PlainAttention(model.shape()));
}

/// `ids` and the `count` most probable tokens after them, one at a time.
inline std::vector<std::int64_t> greedy(const Model& model, std::vector<std::int64_t> ids,
                                        std::int64_t count) {
  PlainAttention attention(model.shape());
  const LayerAttention kept = [&](auto&&... parts) { return attention(parts...); };
  std::vector<std::int64_t> next = ids;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto length = static_cast<std::int64_t>(ids.size());
    const auto tokens = static_cast<std::int64_t>(next.size());
    const at::Tensor logits =
        model.forward(tensor_of(next), at::arange(length - tokens, length, at::kLong),
                      tensor_of({tokens - 1}), kept);
    next = {logits.argmax(-1).item<std::int64_t>()};
    ids.push_back(next[0]);
  }
  return ids;
}

}  // namespace hadal::draf::testing
