// Padding of keys, and numbers that are not finite, against sums over the pairs that see each other
// and no others.
#include "hadal/core/error.h"
#include "hadal/core/random.h"
#include "hadal/dao/attention_grad.h"
#include "hadal/dao/testing.h"

#include <cmath>
#include <limits>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

namespace hadal::dao {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Inputs by name: query, key, value and the output's gradient.
using Inputs = std::vector<at::Tensor>;
constexpr const char* kNames[] = {"query", "key", "value", "output's gradient"};

Inputs inputs_of(const Shape& s) {
  const auto make = [&](std::int64_t heads, std::int64_t tokens) {
    return at::randn({s.batch, heads, tokens, s.head_dim});
  };
  return {make(s.heads, s.queries), make(s.kv_heads, s.keys), make(s.kv_heads, s.keys),
          make(s.heads, s.queries)};
}

Inputs in_type(const Inputs& x, at::ScalarType type) {
  Inputs result;
  for (const at::Tensor& input : x) {
    result.push_back(input.detach().to(type, /*non_blocking=*/false, /*copy=*/true));
  }
  for (int i = 0; i < 3; ++i) result[static_cast<std::size_t>(i)].requires_grad_();
  return result;
}

/// Output, log-sum-exp and the gradients of query, key and value.
using Results = std::vector<at::Tensor>;

Results with_gradients(const Inputs& x, const at::Tensor& output, const at::Tensor& log_sum_exp) {
  const auto grads = torch::autograd::grad({output}, {x[0], x[1], x[2]}, {x[3]}, {}, false,
                                           /*allow_unused=*/true);
  Results results{output.detach(), log_sum_exp.detach()};
  for (std::size_t i = 0; i < 3; ++i) {
    results.push_back(grads[i].defined() ? grads[i] : at::zeros_like(x[i]));
  }
  return results;
}

/// By the definition, with copies of keys and values for each query in which zeros stand for what
/// it does not see, so that nothing else can reach it or be reached. `mask` is bool [batch, heads,
/// queries, keys].
Results defined(const Inputs& x, const at::Tensor& mask) {
  const double scale = 1 / std::sqrt(static_cast<double>(x[0].size(3)));
  const auto group = x[0].size(1) / x[1].size(1);
  const at::Tensor unseen = ~mask.unsqueeze(4);
  const auto seen_of = [&](const at::Tensor& tensor) {
    return tensor.repeat_interleave(group, 1).unsqueeze(2).masked_fill(unseen, 0);
  };
  const at::Tensor scores =
      ((seen_of(x[1]) * x[0].unsqueeze(3)).sum(4) * scale).masked_fill(~mask, -kInfinity);
  const at::Tensor weights = scores.softmax(3).masked_fill(~mask, 0);
  const at::Tensor output = (seen_of(x[2]) * weights.unsqueeze(4)).sum(3);
  return with_gradients(x, output, at::logsumexp(scores, 3));
}

struct Sight {
  bool causal = true;
  std::optional<at::Tensor> blocks = {};  // bool [batch, heads, query blocks, key blocks]
  std::optional<at::Tensor> key_mask = {};
};

at::Tensor mask_of(const Inputs& x, const Sight& sight) {
  at::Tensor mask =
      seen(x[0].size(2), x[1].size(2), sight.blocks.value_or(at::Tensor()), sight.causal);
  if (sight.key_mask) mask = mask & sight.key_mask->unsqueeze(1).unsqueeze(1);
  return mask.expand({x[0].size(0), x[0].size(1), mask.size(2), mask.size(3)}).contiguous();
}

Results ours(const Inputs& x, const Sight& sight) {
  std::optional<BlockLists> lists;
  if (sight.blocks) lists = block_lists(*sight.blocks);
  const AttentionResult result =
      attention(x[0], x[1], x[2], lists, {.causal = sight.causal, .key_mask = sight.key_mask});
  return with_gradients(x, result.output, result.log_sum_exp);
}

/// Holds that what is finite by the definition, and only that, is so, with errors at most twice
/// those of the definition in the same type (and what is lost in the type's own noise).
void expect_exact(const Inputs& inputs, at::ScalarType type, const Sight& sight) {
  const Inputs x = in_type(inputs, type);
  const at::Tensor mask = mask_of(x, sight);
  const Results exact = defined(in_type(x, at::kDouble), mask);
  const Results same_type = defined(x, mask);
  const Results results = ours(x, sight);
  for (std::size_t i = 0; i < results.size(); ++i) {
    SCOPED_TRACE(concat("result ", i));
    const at::Tensor finite = exact[i].isfinite();
    if (i == 1) {
      // A query that sees scores of -infinity only has no softmax, so it is told apart from one
      // that sees nothing.
      EXPECT_TRUE(at::equal(results[i].eq(-kInfinity), ~mask.any(3)));
    } else {
      EXPECT_TRUE(at::equal(results[i].isfinite(), finite));
    }
    const auto error = [&](const at::Tensor& result) {
      return error_of(result.masked_fill(~finite, 0), exact[i].masked_fill(~finite, 0));
    };
    const double noise = type == at::kFloat ? 2e-6 : i == 1 ? 2e-2 : 4e-3;
    EXPECT_LE(error(results[i]), 2 * error(same_type[i]) + noise);
  }
}

class MaskedAttention : public EachIsa {
 protected:
  MaskedAttention() : EachIsa(/*seed=*/21) {}
};

constexpr Shape kSmall{
    .batch = 2, .heads = 2, .kv_heads = 1, .queries = 70, .keys = 190, .head_dim = 8};

/// Padding on the left of one batch entry and on the right of the other; whole blocks of it.
at::Tensor padded_ends(const Shape& s) {
  at::Tensor mask = at::ones({s.batch, s.keys}, at::kBool);
  mask[0].slice(0, 0, 70).fill_(false);
  mask[1].slice(0, s.keys - 100).fill_(false);
  return mask;
}

TEST_P(MaskedAttention, LeavesOutPaddedKeys) {
  const Inputs x = inputs_of(kSmall);
  for (const auto type : {at::kFloat, at::kBFloat16, at::kHalf}) {
    SCOPED_TRACE(type);
    expect_exact(x, type, {.key_mask = padded_ends(kSmall)});
    expect_exact(x, type, {.causal = false, .key_mask = at::rand({2, kSmall.keys}).lt(0.5)});
    expect_exact(x, type, {.blocks = random_mask(kSmall, 0.6), .key_mask = padded_ends(kSmall)});
  }
}

TEST_P(MaskedAttention, NeverTouchesWhatPaddingHolds) {
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    for (const double filling : {kNan, kInfinity}) {
      const at::Tensor mask = padded_ends(kSmall);
      const Inputs clean = in_type(inputs_of(kSmall), type);
      Inputs dirty = in_type(clean, type);
      const at::Tensor padding = ~mask.unsqueeze(1).unsqueeze(3);
      for (const std::size_t i : {1U, 2U}) {
        dirty[i] = clean[i].detach().masked_fill(padding, filling).requires_grad_();
      }
      const Results expected = ours(clean, {.key_mask = mask});
      const Results results = ours(dirty, {.key_mask = mask});
      for (std::size_t i = 0; i < results.size(); ++i) {
        EXPECT_TRUE(at::equal(results[i], expected[i])) << i;
      }
      for (const std::size_t i : {3U, 4U}) {
        EXPECT_EQ(results[i].masked_select(padding).abs().max().item<double>(), 0);
      }
    }
  }
}

TEST_P(MaskedAttention, GivesZerosWhereAllKeysArePadding) {
  at::Tensor mask = at::ones({2, kSmall.keys}, at::kBool);
  mask[1].fill_(false);
  const Inputs x = in_type(inputs_of(kSmall), at::kFloat);
  const Results results = ours(x, {.key_mask = mask});
  EXPECT_TRUE(results[1][1].eq(-kInfinity).all().item<bool>());
  for (const std::size_t i : {0U, 2U, 3U, 4U}) {
    EXPECT_EQ(results[i][1].abs().max().item<double>(), 0) << i;
  }
  expect_exact(x, at::kFloat, {.key_mask = mask});
}

/// `x` with two numbers of an input, in its first and its last block, that are not finite.
Inputs broken(const Inputs& x, std::size_t input, double number) {
  Inputs result = in_type(x, at::kFloat);
  result[input] = result[input].detach();
  result[input].select(2, 10).select(2, 7).fill_(number);
  result[input].select(2, result[input].size(2) - 3).select(2, 7).fill_(-number);
  return result;
}

TEST_P(MaskedAttention, LetsWhatIsNotFiniteReachOnlyThoseThatSeeIt) {
  const Shape shape{.heads = 2, .kv_heads = 1, .queries = 70, .keys = 140, .head_dim = 8};
  const Inputs x = inputs_of(shape);
  const at::Tensor blocks = random_mask(shape, 0.7);
  const at::Tensor key_mask = at::rand({1, shape.keys}).lt(0.8);
  for (std::size_t input = 0; input < x.size(); ++input) {
    for (const double number : {kNan, kInfinity}) {
      const Inputs bad = broken(x, input, number);
      SCOPED_TRACE(concat(number, " in ", kNames[input]));
      expect_exact(bad, at::kFloat, {.blocks = blocks, .key_mask = key_mask});
      expect_exact(bad, at::kBFloat16, {});
    }
  }
}

TEST_P(MaskedAttention, IsNoNumberWhereAllScoresAreMinusInfinity) {
  Inputs x = in_type(inputs_of(kSmall), at::kFloat);
  x[0].detach().slice(2, 3, 5).fill_(-1e30);
  x[1].detach().fill_(1e30);
  const Results results = ours(x, {});
  EXPECT_TRUE(results[0].slice(2, 3, 5).isnan().all().item<bool>());
  EXPECT_TRUE(results[1].slice(2, 3, 5).isnan().all().item<bool>());
}

INSTANTIATE_TEST_SUITE_P(Isas, MaskedAttention, kEveryIsa,
                         [](const auto& info) { return std::string(name_of(info.param)); });

}  // namespace
}  // namespace hadal::dao
