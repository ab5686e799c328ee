#include "hadal/dao/explicit_attention.h"

#include "hadal/core/error.h"

#include <cmath>
#include <limits>

#include <ATen/TensorOperators.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>

namespace hadal::dao {
namespace {

void require(bool holds, std::string_view expected, const at::Tensor& query, const at::Tensor& key,
             const at::Tensor& value) {
  if (holds) return;
  throw InvalidArgument(concat("explicit_attention: expected ", expected, ", got query ",
                               query.scalar_type(), " ", query.sizes(), ", key ", key.scalar_type(),
                               " ", key.sizes(), ", value ", value.scalar_type(), " ",
                               value.sizes()));
}

void check(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, bool causal) {
  if (!query.defined() || !key.defined() || !value.defined()) {
    throw InvalidArgument(
        "explicit_attention: expected query, key and value, got an undefined tensor");
  }
  const auto dim = query.dim();
  const bool ranked = dim >= 2 && key.dim() == dim && value.dim() == dim;
  require(ranked, "three tensors of the same rank, 2 or more", query, key, value);
  require(query.is_floating_point() && key.scalar_type() == query.scalar_type() &&
              value.scalar_type() == query.scalar_type(),
          "one floating-point type", query, key, value);
  const auto leading = [&](const at::Tensor& tensor) { return tensor.sizes().slice(0, dim - 2); };
  require(leading(key) == leading(query) && leading(value) == leading(query),
          "the same leading sizes", query, key, value);
  require(key.size(-1) == query.size(-1) && query.size(-1) > 0, "query and key of one head size",
          query, key, value);
  require(value.size(-2) == key.size(-2) && key.size(-2) > 0, "as many values as keys, 1 or more",
          query, key, value);
  require(!causal || query.size(-2) <= key.size(-2), "no more queries than keys, being causal",
          query, key, value);
}

/// softmax(scores) V.
at::Tensor mixed(at::Tensor scores, const at::Tensor& query, const at::Tensor& key,
                 const at::Tensor& value, bool causal) {
  if (causal) {
    const auto queries = query.size(-2);
    const auto keys = key.size(-2);
    const at::Tensor unseen =
        at::ones({queries, keys}, query.options().dtype(at::kBool)).triu_(1 + keys - queries);
    scores = scores.masked_fill(unseen, -std::numeric_limits<double>::infinity());
  }
  return at::matmul(scores.softmax(-1), value);
}

at::Tensor scores_of(const at::Tensor& query, const at::Tensor& key) {
  const double scale = 1.0 / std::sqrt(static_cast<double>(query.size(-1)));
  return at::matmul(query * scale, key.transpose(-2, -1));
}

}  // namespace

at::Tensor explicit_attention(const at::Tensor& query, const at::Tensor& key,
                              const at::Tensor& value, bool causal) {
  check(query, key, value, causal);
  return mixed(scores_of(query, key), query, key, value, causal);
}

at::Tensor pair_gate(const at::Tensor& query, const at::Tensor& key, const at::Tensor& weight,
                     const at::Tensor& bias) {
  check(query, key, /*value=*/key, /*causal=*/false);
  const std::int64_t size = query.size(-1);
  const auto fits = [&](const at::Tensor& x, std::int64_t numbers) {
    return x.defined() && x.scalar_type() == query.scalar_type() && x.dim() <= 1 &&
           x.numel() == numbers;
  };
  if (!fits(weight, 2 * size) || !fits(bias, 1)) {
    throw InvalidArgument(concat("pair_gate: expected a weight of ", 2 * size,
                                 " numbers and a bias of 1, of the query's type"));
  }
  const at::Tensor of_query = at::matmul(query, weight.narrow(0, 0, size));
  const at::Tensor of_key = at::matmul(key, weight.narrow(0, size, size));
  return of_query.unsqueeze(-1) + of_key.unsqueeze(-2) + bias;
}

at::Tensor explicit_gated_attention(const at::Tensor& query, const at::Tensor& key,
                                    const at::Tensor& value, const at::Tensor& gate, bool causal) {
  check(query, key, value, causal);
  const at::Tensor scores = scores_of(query, key);
  if (!gate.defined() || gate.sizes() != scores.sizes() ||
      gate.scalar_type() != scores.scalar_type()) {
    throw InvalidArgument(concat(
        "explicit_gated_attention: expected a gate ", scores.scalar_type(), " ", scores.sizes(),
        ", got ",
        gate.defined() ? concat(gate.scalar_type(), " ", gate.sizes()) : "an undefined tensor"));
  }
  return mixed(gate.sigmoid() * scores, query, key, value, causal);
}

}  // namespace hadal::dao
