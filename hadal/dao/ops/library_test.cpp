// The operators as Torch's dispatcher sees them.
#include "hadal/core/random.h"
#include "hadal/dao/attention.h"
#include "hadal/dao/select/selector.h"

#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include <ATen/TensorOperators.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

namespace hadal::dao {
namespace {

c10::OperatorHandle operator_called(const std::string& name) {
  return c10::Dispatcher::singleton().findSchemaOrThrow(("hadal::" + name).c_str(), "");
}

TEST(Operators, HaveKernelsForTheCpuShapesAndGradients) {
  for (const std::string name : {"attention", "attention_backward", "select_blocks"}) {
    const c10::OperatorHandle op = operator_called(name);
    EXPECT_TRUE(op.hasKernelForDispatchKey(c10::DispatchKey::CPU)) << name;
    EXPECT_TRUE(op.hasKernelForDispatchKey(c10::DispatchKey::Meta)) << name;
  }
  EXPECT_TRUE(operator_called("attention").hasKernelForDispatchKey(c10::DispatchKey::Autograd));
  EXPECT_TRUE(operator_called("sparse_attention")
                  .hasKernelForDispatchKey(c10::DispatchKey::CompositeImplicitAutograd));
}

using Optional = std::optional<at::Tensor>;

/// What the operator gives for options that all differ from their defaults.
auto sparse_attention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                      std::string_view selector, std::optional<std::int64_t> blocks,
                      const Optional& key_mask) {
  using Results = std::tuple<at::Tensor, at::Tensor>;
  return operator_called("sparse_attention")
      .typed<Results(const at::Tensor&, const at::Tensor&, const at::Tensor&, std::string_view,
                     double, std::optional<std::int64_t>, double, std::int64_t, std::int64_t, bool,
                     std::optional<double>, const Optional&)>()
      .call(query, key, value, selector, /*keep=*/0.5, blocks, /*mass=*/0.6, /*sinks=*/2,
            /*window=*/0, /*causal=*/false, /*scale=*/0.7, key_mask);
}

TEST(Operators, ComputeWhatTheFunctionsDo) {
  seed_aten(21);
  const at::Tensor query = at::randn({1, 4, 600, 32});
  const at::Tensor key = at::randn({1, 2, 600, 32});
  const at::Tensor value = at::randn({1, 2, 600, 32});
  const at::Tensor key_mask = at::rand({1, 600}).lt(0.7);
  const AlwaysKept always{.sinks = 2, .window = 0};
  const AttentionOptions options{.causal = false, .scale = 0.7, .key_mask = key_mask};
  const auto expect_same = [&](std::string_view name, const Selector& selector,
                               std::optional<std::int64_t> blocks) {
    SCOPED_TRACE(name);
    const auto lists = selector.select(query, key, options);
    ASSERT_LT(lists.blocks.numel(), 4 * 10 * 10);
    const AttentionResult expected = attention_forward(query, key, value, lists, options);
    const auto [output, log_sum_exp] = sparse_attention(query, key, value, name, blocks, key_mask);
    EXPECT_TRUE(at::equal(output, expected.output));
    EXPECT_TRUE(at::equal(log_sum_exp, expected.log_sum_exp));
  };
  expect_same("pooled_top_k", PooledTopK({.keep = 0.5, .always = always}), {});
  expect_same("pooled_top_k", PooledTopK({.blocks = 7, .always = always}), 7);
  expect_same("quest_bounds", QuestBounds({.keep = 0.5, .always = always}), {});
  expect_same("threshold", Threshold(0.6, always), {});
  expect_same("sliding_window", SlidingWindow(always), {});
}

}  // namespace
}  // namespace hadal::dao
