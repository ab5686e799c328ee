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

}  // namespace

at::Tensor explicit_attention(const at::Tensor& query, const at::Tensor& key,
                              const at::Tensor& value, bool causal) {
  check(query, key, value, causal);
  const double scale = 1.0 / std::sqrt(static_cast<double>(query.size(-1)));
  at::Tensor scores = at::matmul(query * scale, key.transpose(-2, -1));
  if (causal) {
    const auto queries = query.size(-2);
    const auto keys = key.size(-2);
    const at::Tensor unseen =
        at::ones({queries, keys}, query.options().dtype(at::kBool)).triu_(1 + keys - queries);
    scores = scores.masked_fill(unseen, -std::numeric_limits<double>::infinity());
  }
  return at::matmul(scores.softmax(-1), value);
}

}  // namespace hadal::dao
