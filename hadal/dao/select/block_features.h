#pragma once

#include "hadal/dao/select/scorer.h"

#include <optional>

#include <ATen/core/Tensor.h>

namespace hadal::dao {

/// Numbers that stand for each block of kBlockSize rows of x [batch, heads, tokens, head_dim]:
/// fp32 [batch * heads, blocks, features], where features is padded_features(head_dim), padded with
/// zeros. x is fp32, bf16 or fp16, with head_dim up to 256; sums are fp32. Tokens that `real`, bool
/// [batch, tokens], leaves out have no part in them; blocks without any other give zeros.
at::Tensor block_means(const at::Tensor& x, const std::optional<at::Tensor>& real = {});

/// The largest number of each block in each dimension, then the smallest: twice the features of
/// block_means(). What is not a number is passed over, unless it comes first.
at::Tensor block_bounds(const at::Tensor& x, const std::optional<at::Tensor>& real = {});

/// `size` rounded up to a multiple of BlockScorer::kFeatureStep.
constexpr std::int64_t padded_features(std::int64_t size) {
  return (size + BlockScorer::kFeatureStep - 1) / BlockScorer::kFeatureStep *
         BlockScorer::kFeatureStep;
}

/// out[j] = sum over i of query[i] keys[j, i] for j < count; `features` is a multiple of
/// BlockScorer::kFeatureStep and the rows are dense.
void score_blocks(const float* query, const float* keys, std::int64_t count, std::int64_t features,
                  float* out);

}  // namespace hadal::dao
