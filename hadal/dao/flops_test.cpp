#include "hadal/dao/flops.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/ones.h>
#include <gtest/gtest.h>

namespace hadal::dao {
namespace {

at::Tensor shaped(std::int64_t heads, std::int64_t tokens) {
  return at::empty({2, heads, tokens, 16}, at::TensorOptions(at::kMeta));
}

TEST(ForwardFlops, CountsTheBlocksOnAndBelowTheDiagonal) {
  // 3 blocks of queries, the last of 2 rows, see 1, 2 and 3 blocks of keys.
  const double pairs = 64 * 64 * (1 + 2) + 2 * 64 * 3;
  EXPECT_EQ(forward_flops(shaped(3, 130), shaped(1, 130), {}), 2 * 3 * 4 * 16 * pairs);
  EXPECT_EQ(forward_flops(shaped(3, 130), shaped(1, 130), {}, {.causal = false}),
            2 * 3 * 4 * 16 * 130.0 * 64 * 3);
}

TEST(ForwardFlops, CountsWhatIsKeptAndVisible) {
  const at::Tensor diagonal = at::eye(3).to(at::kBool).expand({2, 1, 3, 3});
  EXPECT_EQ(forward_flops(shaped(1, 130), shaped(1, 130), block_lists(diagonal)),
            2 * 4 * 16 * 130.0 * 64);
  const at::Tensor all = at::ones({2, 1, 3, 3}, at::kBool);
  EXPECT_EQ(forward_flops(shaped(1, 130), shaped(1, 130), block_lists(all)),
            forward_flops(shaped(1, 130), shaped(1, 130), {}));
}

TEST(BackwardFlops, CountsFiveProductsOfThePairs) {
  const at::Tensor diagonal = at::eye(3).to(at::kBool).expand({2, 1, 3, 3});
  EXPECT_EQ(backward_flops(shaped(1, 130), shaped(1, 130), block_lists(diagonal)),
            2 * 5 * 2 * 16 * 130.0 * 64);
}

}  // namespace
}  // namespace hadal::dao
