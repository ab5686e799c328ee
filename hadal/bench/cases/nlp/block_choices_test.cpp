#include "hadal/bench/cases/nlp/block_choices.h"

#include "hadal/dao/explicit_attention.h"
#include "hadal/dao/flops.h"

#include <cmath>
#include <functional>
#include <map>

#include <ATen/TensorOperators.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

namespace hadal::bench {
namespace {

constexpr std::int64_t kTokens = 2048;

models::DecoderLm small_model() {
  at::manual_seed(1);
  models::DecoderLm model(models::DecoderLmOptions{.vocabulary = 300,
                                                   .dim = 32,
                                                   .layers = 2,
                                                   .heads = 2,
                                                   .kv_heads = 2,
                                                   .hidden = 16,
                                                   .context = kTokens});
  // Such that attention is not close to uniform.
  const c10::InferenceMode inference;
  for (auto& parameter : model->parameters()) {
    if (parameter.dim() > 1) parameter.mul_(12);
  }
  return model;
}

TEST(BlockChoices, AllKeepAboutTheSameShare) {
  models::DecoderLm model = small_model();
  const at::Tensor ids = at::randint(256, {1, kTokens}, at::kLong);
  const c10::InferenceMode inference;
  const std::vector<BlockChoice> choices = training_free_choices(model, ids);
  const auto kept = [&](const BlockChoice& choice, double keep) {
    SelectedAttention attention(choice.selectors(keep));
    model->forward(ids, {.attention = std::ref(attention)});
    return attention.kept();
  };
  for (const double keep : {0.5, 0.3, 0.2, 0.1}) {
    std::map<std::string, double> shares;
    for (const BlockChoice& choice : choices) shares[choice.name] = kept(choice, keep);
    ASSERT_EQ(shares.size(), 4U);
    EXPECT_NEAR(shares["pooled"], keep, 0.03) << keep;
    EXPECT_NEAR(shares["bounds"], shares["pooled"], 0.005) << keep;
    EXPECT_NEAR(shares["threshold"], shares["pooled"], 0.01) << keep;
    // A block more or less in the window is 6 %.
    EXPECT_GE(shares["window"], shares["pooled"] - 0.005) << keep;
    EXPECT_LT(shares["window"], shares["pooled"] + 0.06) << keep;
  }
}

TEST(SelectedAttention, OverAllBlocksIsDenseAttention) {
  SelectedAttention attention({std::make_shared<const dao::PooledTopK>(budget_of(1))});
  at::manual_seed(1);
  const at::Tensor query = at::randn({2, 2, 200, 16}), key = at::randn({2, 2, 200, 16}),
                   value = at::randn({2, 2, 200, 16});
  const at::Tensor exact = dao::explicit_attention(query.to(at::kDouble), key.to(at::kDouble),
                                                   value.to(at::kDouble), /*causal=*/true);
  const at::Tensor result = attention(query, key, value, 0);
  EXPECT_LT((result.to(at::kDouble) - exact).abs().max().item<double>(), 1e-5);
  EXPECT_EQ(attention.kept(), 1);
  const double flops =
      dao::forward_flops(query, key, {}).executed + dao::PooledTopK(budget_of(1)).flops(query, key);
  EXPECT_EQ(attention.flops(), flops);
  attention(query, key, value, 0);
  EXPECT_EQ(attention.flops(), 2 * flops);
}

TEST(SelectedAttention, AsksTheSelectorOfTheLayer) {
  SelectedAttention attention(
      {std::make_shared<const dao::SlidingWindow>(dao::AlwaysKept{.sinks = 0, .window = 0}),
       std::make_shared<const dao::PooledTopK>(budget_of(1))});
  const at::Tensor x = at::randn({1, 1, 640, 16});
  attention(x, x, x, 0);
  // Ten blocks on the diagonal, half seen, of 640 * 641 / 2 pairs.
  EXPECT_NEAR(attention.kept(), 10.0 * 64 * 65 / (640 * 641), 1e-12);
  attention(x, x, x, 1);
  EXPECT_NEAR(attention.kept(), (10.0 * 64 * 65 / (640 * 641) + 1) / 2, 1e-12);
}

}  // namespace
}  // namespace hadal::bench
