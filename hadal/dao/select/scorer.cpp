#include "hadal/dao/select/scorer.h"

#include "hadal/dao/select/block_features.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>

namespace hadal::dao {
namespace {

/// Of pooling each query once and each key `key_parts` times, and of `pairs` scores over that many
/// parts.
double pooling_flops(const at::Tensor& query, const at::Tensor& key, double pairs,
                     double key_parts) {
  return static_cast<double>(query.numel()) + key_parts * static_cast<double>(key.numel()) +
         2 * key_parts * static_cast<double>(query.size(3)) * pairs;
}

}  // namespace

std::int64_t MeanScorer::features(std::int64_t head_dim) const { return padded_features(head_dim); }

at::Tensor MeanScorer::query_features(const at::Tensor& query, double scale) const {
  return block_means(query).mul_(scale);
}

at::Tensor MeanScorer::key_features(const at::Tensor& key,
                                    const std::optional<at::Tensor>& key_mask) const {
  return block_means(key, key_mask);
}

double MeanScorer::flops(const at::Tensor& query, const at::Tensor& key,
                         const ScoredPairs& pairs) const {
  return pooling_flops(query, key, pairs.blocks, 1);
}

std::int64_t BoundsScorer::features(std::int64_t head_dim) const {
  return 2 * padded_features(head_dim);
}

at::Tensor BoundsScorer::query_features(const at::Tensor& query, double scale) const {
  // max(q low, q high) is q high where q is positive, and q low where it is negative.
  const at::Tensor means = block_means(query).mul_(scale);
  return at::cat({means.clamp_min(0), means.clamp_max(0)}, 2);
}

at::Tensor BoundsScorer::key_features(const at::Tensor& key,
                                      const std::optional<at::Tensor>& key_mask) const {
  return block_bounds(key, key_mask);
}

double BoundsScorer::flops(const at::Tensor& query, const at::Tensor& key,
                           const ScoredPairs& pairs) const {
  return pooling_flops(query, key, pairs.blocks, 2);
}

}  // namespace hadal::dao
