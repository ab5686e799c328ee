#include "hadal/dao/select/block_features.h"

#include "hadal/core/isa.h"
#include "hadal/dao/block_lists.h"
#include "hadal/dao/select/pool.h"

#include <algorithm>

#include <ATen/Parallel.h>
#include <ATen/ops/zeros.h>

namespace hadal::dao {

HADAL_ISA_DECLARE(void mean_fp32(const PoolTask& task); void mean_bf16(const PoolTask& task);
                  void bounds_fp32(const PoolTask& task); void bounds_bf16(const PoolTask& task);
                  void score(const float* query, const float* keys, std::int64_t count,
                             std::int64_t features, float* out);)

namespace {

constexpr IsaTable kMeanFp32 = HADAL_ISA_TABLE(mean_fp32);
constexpr IsaTable kMeanBf16 = HADAL_ISA_TABLE(mean_bf16);
constexpr IsaTable kBoundsFp32 = HADAL_ISA_TABLE(bounds_fp32);
constexpr IsaTable kBoundsBf16 = HADAL_ISA_TABLE(bounds_bf16);
constexpr IsaTable kScore = HADAL_ISA_TABLE(score);

using Pool = IsaTable<void (*)(const PoolTask&)>;

/// `parts` groups of features for each block of x.
at::Tensor pooled(const at::Tensor& x, const std::optional<at::Tensor>& real, std::int64_t parts,
                  const Pool& fp32, const Pool& bf16) {
  const bool is_bf16 = x.scalar_type() == at::kBFloat16;
  at::Tensor from = is_bf16 ? x.detach() : x.detach().to(at::kFloat);
  if (from.stride(3) != 1) from = from.contiguous();
  const std::int64_t heads = x.size(1);
  const std::int64_t blocks = blocks_of(x.size(2));
  const std::int64_t padded = padded_features(x.size(3));
  at::Tensor result = at::zeros({x.size(0) * heads, blocks, parts * padded}, at::kFloat);
  const auto* data = static_cast<const char*>(from.const_data_ptr());
  auto* to = result.mutable_data_ptr<float>();
  const at::Tensor mask = real ? real->contiguous() : at::Tensor();
  const bool* is_real = real ? mask.const_data_ptr<bool>() : nullptr;
  const auto pool = (is_bf16 ? bf16 : fp32).best();
  at::parallel_for(0, x.size(0) * heads * blocks, 4, [&](auto begin, auto end) {
    for (auto item = begin; item < end; ++item) {
      const std::int64_t head = item / blocks;
      const std::int64_t first = item % blocks * kBlockSize;
      const std::int64_t offset =
          head / heads * from.stride(0) + head % heads * from.stride(1) + first * from.stride(2);
      pool({.rows = data + offset * from.element_size(),
            .real = is_real == nullptr ? nullptr : is_real + head / heads * x.size(2) + first,
            .stride = from.stride(2),
            .count = std::min(kBlockSize, x.size(2) - first),
            .size = x.size(3),
            .padded = padded,
            .to = to + item * parts * padded});
    }
  });
  return result;
}

}  // namespace

at::Tensor block_means(const at::Tensor& x, const std::optional<at::Tensor>& real) {
  return pooled(x, real, 1, kMeanFp32, kMeanBf16);
}

at::Tensor block_bounds(const at::Tensor& x, const std::optional<at::Tensor>& real) {
  return pooled(x, real, 2, kBoundsFp32, kBoundsBf16);
}

void score_blocks(const float* query, const float* keys, std::int64_t count, std::int64_t features,
                  float* out) {
  kScore.best()(query, keys, count, features, out);
}

}  // namespace hadal::dao
