#include "hadal/dao/guard/sparse_attention.h"

#include "hadal/core/error.h"
#include "hadal/core/log.h"
#include "hadal/core/random.h"
#include "hadal/dao/attention_grad.h"
#include "hadal/dao/guard/missing_mass.h"

#include <algorithm>
#include <utility>

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linalg_vector_norm.h>

namespace hadal::dao {
namespace {

void check(const SparseAttentionOptions& options) {
  const auto require = [&](bool holds, std::string_view expected, auto got) {
    if (holds) return;
    throw InvalidArgument(
        concat("sparse attention \"", options.name, "\": expected ", expected, ", got ", got));
  };
  const auto is_share = [](double value) { return value > 0 && value <= 1; };
  require(is_share(options.canary_share), "a canary_share above 0 and up to 1",
          options.canary_share);
  require(options.dense_below >= 0, "dense_below of 0 keys or more", options.dense_below);
  require(is_share(options.guard.bound), "a guard's bound above 0 and up to 1",
          options.guard.bound);
  require(options.guard.rows >= 0, "a guard with 0 rows or more", options.guard.rows);
  require(options.guard.cooldown >= 0, "a guard's cooldown of 0 calls or more",
          options.guard.cooldown);
}

/// Ascending places among `queries`, one in each of `count` equal parts.
at::Tensor sampled_rows(Random random, std::int64_t queries, std::int64_t count) {
  count = std::min(count, queries);
  at::Tensor rows = at::empty({count}, at::kLong);
  auto* row = rows.mutable_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < count; ++i) {
    row[i] = random.between(i * queries / count, (i + 1) * queries / count - 1);
  }
  return rows;
}

double relative_error(const at::Tensor& sparse, const at::Tensor& dense) {
  const auto norm = [](const at::Tensor& x) {
    return at::linalg_vector_norm(x.to(at::kFloat)).item<double>();
  };
  const double size = norm(dense);
  return size == 0 ? 0 : norm(sparse.to(at::kFloat) - dense.to(at::kFloat)) / size;
}

}  // namespace

/// What one call is given.
struct SparseAttention::Inputs {
  const at::Tensor& query;
  const at::Tensor& key;
  const at::Tensor& value;
  const AttentionOptions& options;

  AttentionResult dense() const { return attention(query, key, value, {}, options); }
  AttentionResult with(const Selector& selector) const {
    return attention(query, key, value, selector.select(query, key, options), options);
  }
};

SparseAttention::SparseAttention(std::shared_ptr<const Selector> selector,
                                 const SparseAttentionOptions& options)
    : selector_(std::move(selector)), options_(options) {
  check(options_);
  if (!selector_) {
    throw InvalidArgument(
        concat("sparse attention \"", options_.name, "\": expected a selector, got none"));
  }
}

AttentionResult SparseAttention::operator()(const at::Tensor& query, const at::Tensor& key,
                                            const at::Tensor& value,
                                            const AttentionOptions& options) {
  const Inputs x{query, key, value, options};
  std::int64_t call = 0;
  {
    const std::lock_guard lock(mutex_);
    call = report_.calls++;
  }
  // What is no attention at all is for attention() to refuse.
  const bool is_long = key.defined() && key.dim() == 4 && key.size(2) >= options_.dense_below;
  if (options_.mode == Mode::dense || !is_long) return x.dense();
  if (options_.mode == Mode::shadow) return both(x, /*return_sparse=*/false);
  if (options_.mode == Mode::canary && !is_canary(call)) return x.dense();
  if (cools_down()) return x.dense();
  return options_.mode == Mode::canary ? both(x, /*return_sparse=*/true) : sparse(x, call);
}

AttentionResult SparseAttention::sparse(const Inputs& x, std::int64_t call) {
  const AttentionResult result = x.with(*selector_);
  if (options_.guard.rows > 0 && !accept(estimate(x, result, call))) return x.dense();
  const std::lock_guard lock(mutex_);
  ++report_.returned_sparse;
  return result;
}

AttentionResult SparseAttention::both(const Inputs& x, bool return_sparse) {
  const AttentionResult sparse = x.with(*selector_);
  const AttentionResult dense = x.dense();
  const double error = relative_error(sparse.output.detach(), dense.output.detach());
  const bool accepted =
      accept(missing_mass(dense.log_sum_exp.detach(), sparse.log_sum_exp.detach()));
  const std::lock_guard lock(mutex_);
  ++errors_;
  report_.mean_error += error;
  report_.largest_error = std::max(report_.largest_error, error);
  if (!return_sparse || !accepted) return dense;
  ++report_.returned_sparse;
  return sparse;
}

double SparseAttention::estimate(const Inputs& x, const AttentionResult& result,
                                 std::int64_t call) const {
  const at::Tensor rows =
      sampled_rows(Random(options_.seed, "guard", static_cast<std::uint64_t>(call)),
                   x.query.size(2), options_.guard.rows);
  return missing_mass_at(rows, x.query.detach(), x.key.detach(), result.log_sum_exp.detach(),
                         x.options);
}

bool SparseAttention::is_canary(std::int64_t call) const {
  return Random(options_.seed, "canary", static_cast<std::uint64_t>(call)).uniform() <
         options_.canary_share;
}

bool SparseAttention::cools_down() {
  const std::lock_guard lock(mutex_);
  if (cooldown_left_ == 0) return false;
  report_.fallen_back = --cooldown_left_ > 0;
  return true;
}

bool SparseAttention::accept(double missing) {
  // Not a number is not accepted.
  const bool accepted = missing <= options_.guard.bound;
  {
    const std::lock_guard lock(mutex_);
    ++masses_;
    report_.mean_missing_mass += missing;
    report_.largest_missing_mass = std::max(report_.largest_missing_mass, missing);
    if (accepted) return true;
    ++report_.fallbacks;
    if (options_.mode == Mode::shadow) return false;
    cooldown_left_ = options_.guard.cooldown;
    report_.fallen_back = cooldown_left_ > 0;
  }
  log(LogLevel::warning,
      concat("sparse attention \"", options_.name, "\": ", missing,
             " of the attention is missing, above the bound of ", options_.guard.bound,
             "; dense for this call and ", options_.guard.cooldown, " more"));
  return false;
}

SparseAttentionReport SparseAttention::report() const {
  const std::lock_guard lock(mutex_);
  SparseAttentionReport result = report_;
  if (masses_ > 0) result.mean_missing_mass /= static_cast<double>(masses_);
  if (errors_ > 0) result.mean_error /= static_cast<double>(errors_);
  return result;
}

}  // namespace hadal::dao
