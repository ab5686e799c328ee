// The CUDA kernels of attention's two directions against the definition in fp64.
#include "hadal/core/error.h"
#include "hadal/dao/attention_backward.h"
#include "hadal/dao/kernels/cuda/prepare.h"
#include "hadal/dao/kernels/cuda/sm80_bf16_attention_backward.cuh"
#include "hadal/dao/kernels/cuda/sm80_bf16_attention_forward.cuh"
#include "hadal/dao/kernels/cuda/testing.h"
#include "hadal/dao/testing.h"

#include <array>
#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

namespace hadal::dao::kernels::cuda {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();

using TestShape = hadal::dao::Shape;

/// As kShapes, but smaller, as emulation takes its time.
constexpr TestShape kFewBlocks[] = {
    {.queries = 1, .keys = 1, .head_dim = 1},
    {.queries = 64, .keys = 64, .head_dim = 32},
    {.batch = 2, .heads = 3, .kv_heads = 3, .queries = 130, .keys = 130, .head_dim = 33},
    {.heads = 2, .kv_heads = 1, .queries = 130, .keys = 130, .head_dim = 128},
    {.heads = 3, .kv_heads = 1, .queries = 63, .keys = 200, .head_dim = 80},
    {.heads = 2, .kv_heads = 2, .queries = 1, .keys = 130, .head_dim = 256},
    {.queries = 100, .keys = 70, .head_dim = 136},
};

struct Inputs {
  at::Tensor query, key, value, output_grad, log_sum_exp_grad;

  Inputs to(at::ScalarType type) const {
    const auto leaf = [&](const at::Tensor& x) {
      return x.detach().to(type, /*non_blocking=*/false, /*copy=*/true).requires_grad_();
    };
    return {leaf(query), leaf(key), leaf(value), output_grad.to(type), log_sum_exp_grad.to(type)};
  }
};

Inputs inputs_of(const TestShape& s) {
  const auto make = [&](std::int64_t heads, std::int64_t tokens) {
    return at::randn({s.batch, heads, tokens, s.head_dim}).to(at::kBFloat16);
  };
  return {make(s.heads, s.queries), make(s.kv_heads, s.keys), make(s.kv_heads, s.keys),
          make(s.heads, s.queries), at::randn({s.batch, s.heads, s.queries})};
}

/// All that a call gives: output, log-sum-exp, and the gradients of query, key and value.
using Results = std::array<at::Tensor, 5>;

/// The definition in `type`, with rows that see nothing as zeros.
Results defined(const Inputs& inputs, at::ScalarType type, const at::Tensor& mask) {
  const Inputs x = inputs.to(type);
  const auto group = x.query.size(1) / x.key.size(1);
  const at::Tensor key = x.key.repeat_interleave(group, 1);
  const at::Tensor value = x.value.repeat_interleave(group, 1);
  const double scale = 1 / std::sqrt(static_cast<double>(x.query.size(3)));
  const at::Tensor nothing = ~mask.any(3, true);
  const at::Tensor scores =
      (at::matmul(x.query, key.transpose(2, 3)) * scale).masked_fill(~(mask | nothing), -kInfinite);
  const at::Tensor output = at::matmul(scores.softmax(3), value).masked_fill(nothing, 0);
  const at::Tensor log_sum_exp = at::logsumexp(scores, 3).masked_fill(nothing.squeeze(3), 0);
  const auto grads =
      torch::autograd::grad({output, log_sum_exp}, {x.query, x.key, x.value},
                            {x.output_grad, x.log_sum_exp_grad}, {}, false, /*allow_unused=*/false);
  return {output, log_sum_exp.masked_fill(nothing.squeeze(3), -kInfinite), grads[0], grads[1],
          grads[2]};
}

constexpr std::array<const char*, 5> kNames = {"output", "log-sum-exp", "query's gradient",
                                               "key's gradient", "value's gradient"};

class CudaAttention : public EachPlace {
 protected:
  CudaAttention() : EachPlace(/*seed=*/21) {}

  static AttentionResult forward(const Inputs& x, const std::optional<BlockLists>& lists,
                                 const AttentionOptions& options) {
    if (GetParam() == Where::gpu) {
      return attention_forward(x.query, x.key, x.value, lists, options);
    }
    const ForwardCall call = prepare_forward(x.query, x.key, x.value, lists, options);
    emulation::Launch launch;
    emulation::launch_forward(call.params, launch);
    return call.result();
  }

  static AttentionGradients backward(const Inputs& x, const AttentionResult& result,
                                     const std::optional<BlockLists>& lists,
                                     const AttentionOptions& options) {
    if (GetParam() == Where::gpu) {
      return attention_backward(x.output_grad, x.log_sum_exp_grad, x.query, x.key, x.value, result,
                                lists, options);
    }
    const BackwardCall call = prepare_backward(x.output_grad, x.log_sum_exp_grad, x.query, x.key,
                                               x.value, result, lists, options);
    emulation::Launch launch;
    emulation::launch_backward(call.params, launch);
    return call.result();
  }

  /// By the kernels.
  static Results results_of(const Inputs& inputs, const std::optional<BlockLists>& lists,
                            const AttentionOptions& options) {
    const Inputs x{there(inputs.query), there(inputs.key), there(inputs.value),
                   there(inputs.output_grad), there(inputs.log_sum_exp_grad)};
    const AttentionResult result = forward(x, lists, options);
    const AttentionGradients grads = backward(x, result, lists, options);
    return {result.output.cpu(), result.log_sum_exp.cpu(), grads.query.cpu(), grads.key.cpu(),
            grads.value.cpu()};
  }

  /// Holds that all results are as close to the definition in fp64 as the definition in bf16 is,
  /// within a factor of 2 and an error lost in bf16's own noise.
  void expect_exact(const Inputs& x, const at::Tensor& block_mask,
                    const AttentionOptions& options) {
    at::Tensor mask = seen(x.query.size(2), x.key.size(2), block_mask, options.causal);
    if (options.key_mask) mask = mask & options.key_mask->unsqueeze(1).unsqueeze(1);
    std::optional<BlockLists> lists;
    if (block_mask.defined()) lists = block_lists(block_mask);
    const Results exact = defined(x, at::kDouble, mask);
    const Results same_type = defined(x, at::kBFloat16, mask);
    const Results ours = results_of(x, lists, options);
    for (std::size_t i = 0; i < ours.size(); ++i) {
      SCOPED_TRACE(kNames[i]);
      ASSERT_EQ(ours[i].sizes(), exact[i].sizes());
      const at::Tensor finite = exact[i].isfinite();
      EXPECT_TRUE(at::equal(ours[i].isfinite(), finite));
      const auto error = [&](const at::Tensor& result) {
        return error_of(result.masked_fill(~finite, 0), exact[i].masked_fill(~finite, 0));
      };
      EXPECT_LE(error(ours[i]), i == 1 ? 1e-5 : 2 * error(same_type[i]) + 4e-3);
    }
  }
};

TEST_P(CudaAttention, EqualsTheDefinitionForManyShapes) {
  for (const TestShape& shape : kFewBlocks) {
    for (const bool causal : {true, false}) {
      SCOPED_TRACE(concat(shape.queries, " queries, ", shape.keys, " keys, head_dim ",
                          shape.head_dim, ", causal ", causal));
      expect_exact(inputs_of(shape), {}, {.causal = causal});
    }
  }
}

TEST_P(CudaAttention, LooksAtTheBlocksOfItsListsOnly) {
  const TestShape shape{.heads = 4, .kv_heads = 2, .queries = 130, .keys = 200};
  for (const double keep : {0.0, 0.4, 1.0}) {
    for (const bool causal : {true, false}) {
      SCOPED_TRACE(concat("keep ", keep, ", causal ", causal));
      expect_exact(inputs_of(shape), random_mask(shape, keep), {.causal = causal});
    }
  }
}

TEST_P(CudaAttention, SeesNothingOfMaskedKeys) {
  const TestShape shape{.batch = 2, .heads = 2, .kv_heads = 1, .queries = 70, .keys = 200};
  const at::Tensor real = at::rand({2, 200}).lt(0.5);
  real.narrow(1, 64, 64).fill_(false);
  for (const bool causal : {true, false}) {
    Inputs x = inputs_of(shape);
    expect_exact(x, {}, {.causal = causal, .key_mask = real});
    expect_exact(x, random_mask(shape, 0.5), {.causal = causal, .key_mask = real});
    // What is not a number there changes nothing.
    const Results clean = results_of(x, {}, {.causal = causal, .key_mask = real});
    const at::Tensor hidden = ~real.unsqueeze(1).unsqueeze(3);
    x.key = x.key.masked_fill(hidden, std::nanf(""));
    x.value = x.value.masked_fill(hidden, kInfinite);
    const Results dirty = results_of(x, {}, {.causal = causal, .key_mask = real});
    for (std::size_t i = 0; i < clean.size(); ++i) EXPECT_TRUE(at::equal(clean[i], dirty[i]));
  }
}

TEST_P(CudaAttention, ReadsNothingBeyondItsInputs) {
  const TestShape shape{.heads = 2, .kv_heads = 2, .queries = 70, .keys = 70, .head_dim = 40};
  const Inputs dense = inputs_of(shape);
  const Results expected = results_of(dense, {}, {});
  // In memory [tokens, heads, head_dim] within a tensor of what is not a number.
  const auto surrounded = [](const at::Tensor& x) {
    const at::Tensor all =
        at::full({1, x.size(2) + 128, x.size(1), x.size(3) + 24}, std::nanf(""), x.options());
    at::Tensor inner = all.narrow(1, 64, x.size(2)).narrow(3, 8, x.size(3)).transpose(1, 2);
    inner.copy_(x);
    return inner;
  };
  const Results results =
      results_of({surrounded(dense.query), surrounded(dense.key), surrounded(dense.value),
                  surrounded(dense.output_grad), dense.log_sum_exp_grad},
                 {}, {});
  for (std::size_t i = 0; i < results.size(); ++i) {
    EXPECT_TRUE(at::equal(results[i], expected[i])) << kNames[i];
  }
}

TEST_P(CudaAttention, SurvivesScoresOfTenThousand) {
  Inputs x = inputs_of({.queries = 70, .keys = 70, .head_dim = 32});
  x.query = x.query * 240;
  x.key = x.key * 240;
  const at::Tensor mask = seen(70, 70, {}, true);
  const Results exact = defined(x, at::kDouble, mask);
  EXPECT_GT(exact[1].abs().max().item<double>(), 1e4);
  const Results ours = results_of(x, {}, {});
  for (const at::Tensor& result : ours) EXPECT_TRUE(result.isfinite().all().item<bool>());
  EXPECT_LT(error_of(ours[0], exact[0]), 5e-2);
}

TEST_P(CudaAttention, TakesEmptyInputs) {
  const Results none = results_of(inputs_of({.queries = 3, .keys = 0, .head_dim = 8}), {}, {});
  EXPECT_EQ(none[0].abs().sum().item<double>(), 0);
  EXPECT_EQ(none[2].abs().sum().item<double>(), 0);
  EXPECT_EQ(results_of(inputs_of({.queries = 0, .keys = 5}), {}, {})[3].abs().sum().item<double>(),
            0);
}

TEST_P(CudaAttention, RefusesOtherTypesThanBf16) {
  const at::Tensor x = there(at::randn({1, 1, 3, 8}));
  EXPECT_THROW(prepare_forward(x, x, x, {}, {}), Unsupported);
}

INSTANTIATE_TEST_SUITE_P(Runs, CudaAttention, each_place(), name_of_place);

}  // namespace
}  // namespace hadal::dao::kernels::cuda
