#include "hadal/bench/cases/nlp/generation.h"

#include "hadal/bench/cases/nlp/block_choices.h"

#include <cmath>

#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/randint.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

namespace hadal::bench {
namespace {

constexpr models::DecoderLmOptions kSmall{.vocabulary = 50,
                                          .dim = 32,
                                          .layers = 2,
                                          .heads = 4,
                                          .kv_heads = 2,
                                          .hidden = 24,
                                          .context = 640};

models::DecoderLm small_model() {
  at::manual_seed(1);
  models::DecoderLm model(kSmall);
  // Such that attention is not close to uniform.
  const c10::InferenceMode inference;
  for (auto& parameter : model->parameters()) {
    if (parameter.dim() > 1) parameter.mul_(10);
  }
  return model;
}

GenerationOptions sparse(double keep) {
  const auto scorer = std::make_shared<const dao::MeanScorer>();
  return {.prompt = 64, .budget = budget_of(keep), .scorers = {scorer, scorer}};
}

TEST(Generation, KeepingAllGivesTheLikelihoodOfTheWholeSequence) {
  models::DecoderLm model = small_model();
  const at::Tensor ids = at::randint(50, {2, 301}, at::kLong);
  const c10::InferenceMode inference;
  const at::Tensor logits = model->forward(ids.narrow(1, 0, 300)).narrow(1, 63, 237);
  const double expected =
      std::exp(at::cross_entropy_loss(logits.flatten(0, 1), ids.narrow(1, 64, 237).flatten())
                   .item<double>());
  EXPECT_NEAR(generate_text_of(model, ids, {.prompt = 64}).perplexity, expected, 1e-4 * expected);
  const Generation all = generate_text_of(model, ids, sparse(1));
  EXPECT_NEAR(all.perplexity, expected, 1e-4 * expected);
  EXPECT_EQ(all.kept, 1);
}

TEST(Generation, CountsTheWholeModel) {
  models::DecoderLm model = small_model();
  const at::Tensor ids = at::randint(50, {3, 201}, at::kLong);
  const Generation dense = generate_text_of(model, ids, {.prompt = 64});
  // Of each token: four projections, of which two for half as many heads, three of the feed-forward
  // layer, and the output.
  const double of_token = 2.0 * (2 * (3 * 32 * 32 + 3 * 32 * 24) + 32 * 50);
  double pairs = 64 * 64;  // of the prompt
  for (int at = 64; at < 200; ++at) pairs += (at / 64 + 1) * 64;
  EXPECT_DOUBLE_EQ(dense.flops, 3 * (200 * of_token + pairs * 2 * 4 * 32));
}

TEST(Generation, KeepsAndComputesLess) {
  models::DecoderLm model = small_model();
  const at::Tensor ids = at::randint(50, {1, 641}, at::kLong);
  const Generation dense = generate_text_of(model, ids, {.prompt = 64});
  const Generation half = generate_text_of(model, ids, sparse(0.5));
  EXPECT_EQ(dense.kept, 1);
  EXPECT_GT(half.kept, 0.5);  // what is always kept is more than half of the first pages
  EXPECT_LT(half.kept, 0.7);
  EXPECT_LT(half.flops, dense.flops);
  EXPECT_NE(half.perplexity, dense.perplexity);
}

}  // namespace
}  // namespace hadal::bench
