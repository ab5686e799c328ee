#include "hadal/dao/gate/dynamic_gate.h"

#include "hadal/core/error.h"
#include "hadal/dao/gate/test_support.h"

#include <c10/core/GradMode.h>

namespace hadal::dao {
namespace {

TEST(DynamicGate, EqualsItsFormula) {
  DynamicGate gate = random_gate(kOptions, 1);
  const auto [query, key] = layer();
  const double scale = 0.3;
  const GateInput input = gate_example(query, key, {.scale = scale}).input;
  const at::Tensor got = gate->forward(input).to(at::kDouble);
  ASSERT_EQ(got.sizes(), at::IntArrayRef({2, 4, 3, 4}));
  for (std::int64_t entry = 0; entry < 2; ++entry) {
    for (std::int64_t head = 0; head < 4; ++head) {
      const at::Tensor visible = input.visible[entry][0];
      const at::Tensor expected =
          probabilities(gate, query[entry][head], key[entry][head / 2], scale, head, visible);
      EXPECT_TRUE(at::allclose(got[entry][head] * visible, expected, 1e-4, 1e-5));
    }
  }
}

TEST(DynamicGate, PassesGradientsToAllParameters) {
  DynamicGate gate = random_gate(kOptions, 3);
  const auto [query, key] = layer();
  const at::Tensor probability = gate->forward(gate_example(query, key).input);
  (probability * at::randn(probability.sizes())).sum().backward();
  EXPECT_EQ(gate->parameters().size(), 5U);
  for (const auto& item : gate->named_parameters()) {
    ASSERT_TRUE(item.value().grad().defined()) << item.key();
    // Of every head: none is left out.
    const at::Tensor grad = item.value().grad().reshape({item.value().size(0), -1});
    EXPECT_TRUE(grad.abs().amax(1).gt(0).all().item<bool>()) << item.key();
  }
}

/// Against differences of the loss, each parameter in turn; away from where the largest changes.
TEST(DynamicGate, HasTheGradientsOfItsFormula) {
  DynamicGate gate = random_gate({.heads = 2, .kv_heads = 1, .head_dim = 3, .rank = 1}, 11);
  gate->to(at::kDouble);
  GateInput input =
      gate_example(at::randn({1, 2, 70, 3}), at::randn({1, 1, 200, 3}), {.causal = false}).input;
  input.query = input.query.to(at::kDouble);
  input.key = input.key.to(at::kDouble);
  const at::Tensor weights = at::randn({1, 2, 2, 4}, at::kDouble);
  const auto loss = [&] { return (gate->logits(input) * weights).sum(); };
  loss().backward();
  const c10::NoGradGuard no_grad;
  constexpr double kStep = 1e-6;
  for (const auto& item : gate->named_parameters()) {
    at::Tensor flat = item.value().view(-1);
    for (std::int64_t i = 0; i < flat.size(0); ++i) {
      flat[i] += kStep;
      const double above = loss().item<double>();
      flat[i] -= 2 * kStep;
      const double below = loss().item<double>();
      flat[i] += kStep;
      EXPECT_NEAR(item.value().grad().flatten()[i].item<double>(), (above - below) / (2 * kStep),
                  1e-5)
          << item.key() << " " << i;
    }
  }
}

TEST(DynamicGate, RefusesSizesOutOfRange) {
  const auto refuses = [](const GateOptions& options) {
    EXPECT_THROW(DynamicGate{options}, InvalidArgument);
  };
  refuses({});
  refuses({.heads = 4, .kv_heads = 3, .head_dim = 8});
  refuses({.heads = 4, .kv_heads = 0, .head_dim = 8});
  refuses({.heads = 4, .kv_heads = 4, .head_dim = 257});
  refuses({.heads = 1'000'000'000'000, .kv_heads = 1, .head_dim = 8});
  refuses({.heads = 4, .kv_heads = 4, .head_dim = 8, .rank = 257});
  refuses({.heads = 4, .kv_heads = 4, .head_dim = 8, .rank = 0});
}

}  // namespace
}  // namespace hadal::dao
