#include "hadal/dao/guard/missing_mass.h"

#include "hadal/dao/compute.h"

#include <limits>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/matmul.h>

namespace hadal::dao {
namespace {

/// Of the queries at `rows`, fp32 [batch, heads, n]. A head of keys at a time, so that memory stays
/// small.
at::Tensor dense_log_sum_exp(const at::Tensor& rows, const at::Tensor& query, const at::Tensor& key,
                             const AttentionOptions& options) {
  constexpr float kHidden = -std::numeric_limits<float>::infinity();
  const std::int64_t keys = key.size(2);
  const std::int64_t group = query.size(1) / key.size(1);
  const double scale = scale_of(options, query.size(3));
  const at::Tensor unseen =
      at::arange(keys).unsqueeze(0) > rows.unsqueeze(1) + (keys - query.size(2));
  const at::Tensor picked = query.index_select(2, rows).to(at::kFloat).mul_(scale);
  at::Tensor result = at::empty(picked.sizes().slice(0, 3), at::kFloat);
  for (std::int64_t batch = 0; batch < query.size(0); ++batch) {
    for (std::int64_t head = 0; head < key.size(1); ++head) {
      const auto of_group = [&](const at::Tensor& x) {
        return x[batch].narrow(0, head * group, group);
      };
      at::Tensor scores = at::matmul(of_group(picked), key[batch][head].to(at::kFloat).t());
      if (options.causal) scores.masked_fill_(unseen, kHidden);
      if (options.key_mask) {
        scores.masked_fill_((*options.key_mask)[batch].logical_not(), kHidden);
      }
      of_group(result).copy_(at::logsumexp(scores, 2));
    }
  }
  return result;
}

}  // namespace

double missing_mass(const at::Tensor& dense_log_sum_exp, const at::Tensor& sparse_log_sum_exp) {
  constexpr float kNothing = -std::numeric_limits<float>::infinity();
  const at::Tensor sees = dense_log_sum_exp != kNothing;
  const auto count = sees.sum().item<std::int64_t>();
  if (count == 0) return 0;
  const at::Tensor missing =
      (1 - (sparse_log_sum_exp - dense_log_sum_exp).exp()).masked_fill(~sees, 0);
  const double mean = missing.sum(at::kDouble).item<double>() / static_cast<double>(count);
  // Rounding can bring it below 0. Not a number stays: it must not pass for little.
  return mean < 0 ? 0 : mean;
}

double missing_mass_at(const at::Tensor& rows, const at::Tensor& query, const at::Tensor& key,
                       const at::Tensor& sparse_log_sum_exp, const AttentionOptions& options) {
  return missing_mass(dense_log_sum_exp(rows, query, key, options),
                      sparse_log_sum_exp.index_select(2, rows));
}

}  // namespace hadal::dao
