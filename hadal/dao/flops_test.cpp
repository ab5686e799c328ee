#include "hadal/dao/flops.h"

#include "hadal/core/error.h"
#include "hadal/core/random.h"
#include "hadal/dao/kernels/counted.h"
#include "hadal/dao/run_backward.h"
#include "hadal/dao/run_forward.h"
#include "hadal/dao/testing.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

namespace hadal::dao {
namespace kernels {
std::int64_t counted_multiply_adds = 0;
HADAL_ISA_DECLARE(void counted_forward_fp32(const Task* tasks, int count);
                  void counted_backward_fp32(const Pair& pair);
                  void counted_forward_bf16(const Task* tasks, int count);
                  void counted_backward_bf16(const Pair& pair);)
constexpr IsaTable kForward = HADAL_ISA_TABLE(counted_forward_fp32);
constexpr IsaTable kBackward = HADAL_ISA_TABLE(counted_backward_fp32);
}  // namespace kernels

namespace {

at::Tensor shaped(std::int64_t heads, std::int64_t tokens, std::int64_t head_dim = 16) {
  return at::empty({2, heads, tokens, head_dim}, at::TensorOptions(at::kMeta));
}

TEST(ForwardFlops, CountsTheBlocksOnAndBelowTheDiagonal) {
  // 3 blocks of queries, the last of 2 rows (8 are executed), see 1, 2 and 3 blocks of keys.
  const FlopCount causal = forward_flops(shaped(3, 130), shaped(1, 130), {});
  EXPECT_EQ(causal.visible, 2 * 3 * 4 * 16 * (130.0 * 131 / 2));
  EXPECT_EQ(causal.executed, 2 * 3 * 4 * 32 * (64.0 * 64 * (1 + 2) + 8 * 64 * 3));
  const FlopCount all = forward_flops(shaped(3, 130), shaped(1, 130), {}, {.causal = false});
  EXPECT_EQ(all.visible, 2 * 3 * 4 * 16 * 130.0 * 130);
  EXPECT_EQ(all.executed, 2 * 3 * 4 * 32 * 136.0 * 64 * 3);
}

TEST(ForwardFlops, CountsWhatIsKeptAndVisible) {
  const at::Tensor diagonal = at::eye(3).to(at::kBool).expand({2, 1, 3, 3});
  const FlopCount kept = forward_flops(shaped(1, 130), shaped(1, 130), block_lists(diagonal));
  EXPECT_EQ(kept.visible, 2 * 4 * 16 * (2 * (64.0 * 65 / 2) + 3));
  EXPECT_EQ(kept.executed, 2 * 4 * 32 * 136.0 * 64);
}

TEST(ForwardFlops, LeavesOutPadding) {
  at::Tensor mask = at::ones({2, 130}, at::kBool);
  mask.slice(1, 0, 70).fill_(false);
  const FlopCount real =
      forward_flops(shaped(1, 130), shaped(1, 130), {}, {.causal = false, .key_mask = mask});
  EXPECT_EQ(real.visible, 2 * 4 * 16 * 130.0 * 60);
  EXPECT_EQ(real.executed, 2 * 4 * 32 * 136.0 * 64 * 2);
}

TEST(BackwardFlops, CountsFiveProductsOfThePairs) {
  const at::Tensor diagonal = at::eye(3).to(at::kBool).expand({2, 1, 3, 3});
  const FlopCount kept = backward_flops(shaped(1, 130), shaped(1, 130), block_lists(diagonal));
  EXPECT_EQ(kept.visible, 2 * 10 * 16 * (2 * (64.0 * 65 / 2) + 3));
  EXPECT_EQ(kept.executed, 2 * 10 * 32 * 3.0 * 64 * 64);
}

struct Kernels {
  ForwardKernel forward;
  BackwardKernel backward;
};

/// The instrumented kernels of a type of products.
Kernels counted(at::ScalarType type) {
#if defined(__x86_64__)
  if (type == at::kBFloat16) {
    return {{&kernels::avx512_bf16::counted_forward_bf16, type},
            {&kernels::avx512_bf16::counted_backward_bf16, type}};
  }
#endif
  return {{kernels::kForward.best(), at::kFloat}, {kernels::kBackward.best(), at::kFloat}};
}

/// Holds that forward_flops() and backward_flops() say what the instrumented kernels count.
void expect_counted(const Inputs& x, at::ScalarType type) {
  const auto [forward, backward] = counted(type);
  kernels::counted_multiply_adds = 0;
  const AttentionResult result = run_forward(forward, x);
  EXPECT_EQ(2.0 * static_cast<double>(kernels::counted_multiply_adds),
            forward_flops(x.query, x.key, x.lists, x.options).executed);
  kernels::counted_multiply_adds = 0;
  run_backward(backward, x, {result.output, result.log_sum_exp, result.output, {}});
  EXPECT_EQ(2.0 * static_cast<double>(kernels::counted_multiply_adds),
            backward_flops(x.query, x.key, x.lists, x.options).executed);
}

class FlopsOfKernels : public EachIsa {
 protected:
  FlopsOfKernels() : EachIsa(/*seed=*/41) {}
};

TEST_P(FlopsOfKernels, AreWhatTheInstrumentedOnesCount) {
  const auto type = GetParam() >= Isa::avx512_bf16 ? at::kBFloat16 : at::kFloat;
  for (const Shape& s : kShapes) {
    const at::Tensor query = at::randn({s.batch, s.heads, s.queries, s.head_dim});
    const at::Tensor key = at::randn({s.batch, s.kv_heads, s.keys, s.head_dim});
    at::Tensor key_mask = at::rand({s.batch, s.keys}).lt(0.5);
    key_mask.slice(1, 0, 70).fill_(false);
    for (const bool causal : {true, false}) {
      for (const auto& lists :
           {std::optional<BlockLists>(), std::optional(block_lists(random_mask(s, 0.5)))}) {
        for (const auto& mask : {std::optional<at::Tensor>(), std::optional(key_mask)}) {
          SCOPED_TRACE(concat(s.queries, " queries, ", s.keys, " keys, causal ", causal, ", lists ",
                              lists.has_value(), ", mask ", mask.has_value()));
          expect_counted({query,
                          key,
                          key,
                          batch_sequences(query, key),
                          lists,
                          {.causal = causal, .key_mask = mask}},
                         type);
        }
      }
    }
  }
}

/// The visible pairs of the definition's mask, counted one by one.
TEST(VisibleFlops, AreThoseOfAllPairsOfTheMask) {
  seed_aten(42);
  for (const Shape& s : kShapes) {
    const at::Tensor blocks = random_mask(s, 0.5);
    const at::Tensor key_mask = at::rand({s.batch, s.keys}).lt(0.5);
    for (const bool causal : {true, false}) {
      const at::Tensor mask =
          seen(s.queries, s.keys, blocks, causal) & key_mask.unsqueeze(1).unsqueeze(1);
      const FlopCount flops =
          forward_flops(at::empty({s.batch, s.heads, s.queries, s.head_dim}),
                        at::empty({s.batch, s.kv_heads, s.keys, s.head_dim}), block_lists(blocks),
                        {.causal = causal, .key_mask = key_mask});
      EXPECT_EQ(flops.visible, 4.0 * static_cast<double>(s.head_dim) *
                                   static_cast<double>(mask.sum().item<std::int64_t>()));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Isas, FlopsOfKernels, kEveryIsa,
                         [](const auto& info) { return std::string(name_of(info.param)); });

}  // namespace
}  // namespace hadal::dao
