#include "hadal/bench/cases/nlp/lm_score.h"

#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/where.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

namespace hadal::bench {
namespace {

models::DecoderLm small_model() {
  at::manual_seed(1);
  return models::DecoderLm(models::DecoderLmOptions{.vocabulary = kRecallVocabulary,
                                                    .dim = 16,
                                                    .layers = 1,
                                                    .heads = 2,
                                                    .kv_heads = 2,
                                                    .hidden = 16,
                                                    .context = 64});
}

TEST(LmScore, PerplexityIsThatOfEachTokenGivenThoseBeforeIt) {
  models::DecoderLm model = small_model();
  const at::Tensor text = at::randint(256, {64 * 3 + 20}, at::kLong);  // three windows
  const c10::InferenceMode inference;
  double sum = 0;
  for (std::int64_t window = 0; window < 3; ++window) {
    const at::Tensor ids = text.narrow(0, window * 64, 65);
    const at::Tensor logits = model->forward(ids.narrow(0, 0, 64).unsqueeze(0))[0];
    const at::Tensor likelihood = at::log_softmax(logits.to(at::kDouble), -1);
    for (std::int64_t i = 0; i < 64; ++i) {
      sum -= likelihood[i][ids[i + 1].item<std::int64_t>()].item<double>();
    }
  }
  EXPECT_NEAR(perplexity(model, text), std::exp(sum / (3 * 64)), 1e-2);
}

TEST(LmScore, RecallCountsAnswersAtTheirDistance) {
  models::DecoderLm model = small_model();
  RecallText text =
      recall_text(at::randint(256, {9000}, at::kLong), 64, 5, at::arange(70, at::kLong));
  const auto questions = (text.distance > 0).sum().item<std::int64_t>();
  const c10::InferenceMode inference;
  // The model's own choices as facts: every answer is right.
  text.targets = model->forward(text.ids).argmax(-1);
  Recall right = recall(model, text);
  EXPECT_EQ(right.asked, (std::array<std::int64_t, 3>{questions, 0, 0}));
  EXPECT_EQ(right.right, right.asked);
  EXPECT_EQ(right.share(), 1);
  EXPECT_TRUE(std::isnan(right.share(2)));
  // Every second row wrong, and all of it further away.
  text.targets.slice(0, 0, 70, 2).add_(1);
  text.distance = at::where(text.distance > 0, 1500, 0);
  right = recall(model, text);
  EXPECT_EQ(right.asked, (std::array<std::int64_t, 3>{0, 0, questions}));
  EXPECT_EQ(right.right[2], (text.distance.slice(0, 1, 70, 2) > 0).sum().item<std::int64_t>());
  EXPECT_NEAR(right.share(), 0.5, 0.05);
}

TEST(LmScore, PassesTheAttentionOn) {
  models::DecoderLm model = small_model();
  const at::Tensor text = at::randint(256, {200}, at::kLong);
  int calls = 0;
  const auto attention = [&](const at::Tensor& query, const auto&...) {
    ++calls;
    return query;
  };
  EXPECT_NE(perplexity(model, text, attention), perplexity(model, text));
  EXPECT_EQ(calls, 1);  // three windows at once, one layer
}

}  // namespace
}  // namespace hadal::bench
