#pragma once

// What the tests of attention's two directions share.
#include "hadal/core/isa.h"
#include "hadal/core/random.h"
#include "hadal/dao/block_lists.h"

#include <optional>

#include <ATen/TensorOperators.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/rand.h>
#include <gtest/gtest.h>

namespace hadal::dao {

struct Shape {
  std::int64_t batch = 1, heads = 1, kv_heads = 1, queries = 1, keys = 1, head_dim = 64;
};

inline constexpr Shape kShapes[] = {
    {.queries = 1, .keys = 1, .head_dim = 1},
    {.queries = 64, .keys = 64, .head_dim = 32},
    {.queries = 65, .keys = 65, .head_dim = 64},
    {.batch = 2, .heads = 4, .kv_heads = 2, .queries = 130, .keys = 130, .head_dim = 128},
    {.heads = 6, .kv_heads = 1, .queries = 63, .keys = 257, .head_dim = 80},
    {.heads = 2, .kv_heads = 2, .queries = 1, .keys = 300, .head_dim = 256},
    {.batch = 3, .heads = 3, .kv_heads = 3, .queries = 200, .keys = 200, .head_dim = 33},
};

/// For tests that run at each level.
inline const auto kEveryIsa =
    ::testing::Values(Isa::portable, Isa::avx2, Isa::avx512, Isa::avx512_bf16, Isa::amx);

/// Runs its tests at each level that the machine has.
class EachIsa : public ::testing::TestWithParam<Isa> {
 protected:
  explicit EachIsa(std::uint64_t seed) : seed_(seed) {}
  void SetUp() override {
    if (GetParam() > detected_isa()) {
      GTEST_SKIP() << "this machine has no " << name_of(GetParam());
    }
    forced_.emplace(GetParam());
    seed_aten(seed_);
  }

 private:
  std::uint64_t seed_;
  std::optional<ScopedIsa> forced_;
};

inline at::Tensor random_mask(const Shape& s, double keep) {
  return at::rand({s.batch, s.heads, blocks_of(s.queries), blocks_of(s.keys)}).lt(keep);
}

/// Which keys each query sees, bool [batch or 1, heads or 1, queries, keys].
inline at::Tensor seen(std::int64_t queries, std::int64_t keys, const at::Tensor& block_mask,
                       bool causal) {
  at::Tensor result = at::ones({1, 1, queries, keys}, at::kBool);
  if (causal) result = result.tril(keys - queries);
  if (!block_mask.defined()) return result;
  return result & block_mask.repeat_interleave(kBlockSize, 2)
                      .repeat_interleave(kBlockSize, 3)
                      .slice(2, 0, queries)
                      .slice(3, 0, keys);
}

inline double error_of(const at::Tensor& result, const at::Tensor& exact) {
  return (result.to(at::kDouble) - exact).abs().max().item<double>();
}

/// What two roundings of the largest result lose in fp32. References in fp32 differ by as much
/// between machines, whose matrix products add up in another order.
inline double rounding_of(const at::Tensor& exact) {
  return exact.numel() == 0 ? 0 : 2 * 0x1p-23 * exact.abs().max().item<double>();
}

}  // namespace hadal::dao
