#include "hadal/dao/gate/block_attention.h"

#include "hadal/dao/block_lists.h"
#include "hadal/dao/check.h"
#include "hadal/dao/compute.h"
#include "hadal/dao/visible.h"

#include <limits>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

namespace hadal::dao {
namespace {

/// Which of the first `keys` keys each query of a block sees: bool [batch or 1, 1, rows, keys].
at::Tensor seen(const VisibleBlocks& visible, std::int64_t rows, std::int64_t keys,
                const std::optional<at::Tensor>& mask) {
  const at::Tensor limits = at::arange(rows, at::kLong) * visible.limit_step + visible.first_limit;
  const at::Tensor result =
      at::arange(keys, at::kLong).lt(limits.unsqueeze(1)).unsqueeze(0).unsqueeze(0);
  if (!mask) return result;
  return result & mask->narrow(1, 0, keys).unsqueeze(1).unsqueeze(1);
}

/// The largest of the queries' weights of each key block: from scores [batch, heads, rows, keys] to
/// [batch, heads, key blocks].
at::Tensor block_weights(const at::Tensor& scores, const at::Tensor& is_seen) {
  const std::int64_t keys = scores.size(3);
  const at::Tensor weights =
      scores.masked_fill(~is_seen, -std::numeric_limits<float>::infinity()).softmax(3);
  const at::Tensor sees = is_seen.any(3, /*keepdim=*/true);
  const at::Tensor real = at::where(sees, weights, at::zeros({}, weights.options()));
  return at::constant_pad_nd(real, {0, blocks_of(keys) * kBlockSize - keys})
      .unflatten(3, {-1, kBlockSize})
      .sum(4)
      .amax(2);
}

}  // namespace

at::Tensor block_attention(const at::Tensor& query, const at::Tensor& key,
                           const AttentionOptions& options) {
  check_attention(query, key, /*value=*/key, {}, options);
  const c10::NoGradGuard no_grad;
  const std::int64_t blocks = blocks_of(query.size(2));
  at::Tensor result =
      at::zeros({query.size(0), query.size(1), blocks, blocks_of(key.size(2))}, at::kFloat);
  at::Tensor real_key = key.to(at::kFloat);
  if (options.key_mask) {
    // What is not a number in a masked key would reach others through the product's zeros.
    real_key = real_key.masked_fill(~options.key_mask->unsqueeze(1).unsqueeze(3), 0);
  }
  const at::Tensor turned = real_key.transpose(2, 3);
  const std::int64_t group = query.size(1) / key.size(1);
  const double scale = scale_of(options, query.size(3));
  for (std::int64_t i = 0; i < blocks; ++i) {
    const std::int64_t first = i * kBlockSize;
    const std::int64_t rows = std::min(kBlockSize, query.size(2) - first);
    const VisibleBlocks visible =
        visible_blocks(nullptr, 0, first, rows, query.size(2), key.size(2), options.causal);
    const std::int64_t keys = std::min(key.size(2), visible.count * kBlockSize);
    if (keys == 0) continue;
    const at::Tensor own = query.narrow(2, first, rows).to(at::kFloat) * scale;
    const at::Tensor scores =
        at::matmul(own.unflatten(1, {key.size(1), group}).flatten(2, 3), turned.narrow(3, 0, keys))
            .view({query.size(0), query.size(1), rows, keys});
    result.select(2, i)
        .narrow(2, 0, visible.count)
        .copy_(block_weights(scores, seen(visible, rows, keys, options.key_mask)));
  }
  return result;
}

}  // namespace hadal::dao
