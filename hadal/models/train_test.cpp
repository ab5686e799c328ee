#include "hadal/models/train.h"

#include "hadal/core/random.h"
#include "hadal/models/decoder_lm.h"
#include "hadal/models/glyph_cnn.h"
#include "hadal/models/state.h"
#include "hadal/models/test_support.h"

#include <cmath>
#include <limits>
#include <numbers>
#include <set>

#include <ATen/ops/arange.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

namespace hadal::models {
namespace {

using hadal::models::testing::error_of;
using testing::contains;
using testing::max_difference;

/// 64 images, of which the label says which of the four quarters is bright.
struct Toy {
  at::Tensor images = at::rand({64, 1, 28, 28}) * 0.3;
  at::Tensor labels = at::arange(64, at::kLong).remainder(4);
  Toy() {
    for (std::int64_t i = 0; i < 64; ++i) {
      images[i][0].slice(0, 14 * (i % 2)).slice(1, 14 * (i / 2 % 2)).add_(0.5);
    }
  }
};

TrainResult train_toy(GlyphCnn& model, const Toy& toy, const TrainOptions& options) {
  return train_classifier(
      *model,
      [&](const at::Tensor& indices) { return model->forward(toy.images.index({indices})); },
      toy.labels, options);
}

TEST(TrainClassifier, LearnsAToyProblem) {
  seed_aten(1);
  const Toy toy;
  GlyphCnn model(4);
  model->eval();
  const auto result = train_toy(model, toy, {.epochs = 12, .batch = 16, .learning_rate = 5e-3});
  EXPECT_EQ(result.losses.size(), 12 * 4U);
  EXPECT_GT(result.seconds, 0);
  EXPECT_NEAR(result.losses.front(), std::log(4), 0.6);
  // Label smoothing of 0.1 over 4 classes keeps the loss from -0.925 log 0.925 - 3 (0.025 log
  // 0.025) = 0.349 up.
  EXPECT_GT(result.losses.back(), 0.348);
  EXPECT_LT(result.losses.back(), 0.6);
  EXPECT_FALSE(model->is_training());
  const at::Tensor right = model->forward(toy.images).argmax(1) == toy.labels;
  EXPECT_GE(right.sum().item<std::int64_t>(), 62);
}

std::map<std::string, at::Tensor> trained_weights(std::uint64_t seed) {
  seed_aten(1);
  const Toy toy;
  GlyphCnn model(4);
  train_toy(model, toy, {.epochs = 2, .batch = 16, .seed = seed});
  return state(*model);
}

TEST(TrainClassifier, GivesTheSameWeightsForTheSameSeed) {
  const auto first = trained_weights(5), again = trained_weights(5), other = trained_weights(6);
  for (const auto& [name, tensor] : first) {
    EXPECT_EQ(max_difference(tensor, again.at(name)), 0) << name;
  }
  EXPECT_GT(max_difference(first.at("linear.weight"), other.at("linear.weight")), 0);
}

TEST(TrainClassifier, RestoresEachModulesModeWhateverIsThrown) {
  const Toy toy;
  GlyphCnn model(4);
  model->eval();
  model->named_children()["bn2"]->train();
  int steps = 0;
  const auto stop = [&] {
    EXPECT_TRUE(model->named_children()["bn1"]->is_training());
    if (++steps == 3) throw Interrupted("stop");
  };
  EXPECT_TRUE(contains(
      error_of<Interrupted>([&] { train_toy(model, toy, {.batch = 8, .check_interrupt = stop}); }),
      "stop"));
  EXPECT_EQ(steps, 3);
  EXPECT_FALSE(model->is_training());
  for (const auto& child : model->named_children()) {
    EXPECT_EQ(child.value()->is_training(), child.key() == "bn2") << child.key();
  }
}

TEST(TrainClassifier, RefusesLabelsOfAnotherType) {
  GlyphCnn model(4);
  Toy toy;
  toy.labels = toy.labels.to(at::kInt);
  EXPECT_TRUE(contains(error_of([&] { train_toy(model, toy, {}); }), "labels: expected Long [*]"));
}

/// A loss whose gradient is the same at each step: under it AdamW moves every element by just the
/// learning rate, whatever the clipping, so that a parameter records the schedule.
TEST(Train, RaisesTheRateOverATenthOfTheStepsAndLowersItByACosine) {
  for (const std::int64_t steps : {1, 2, 9, 40}) {
    at::Tensor parameter = at::zeros({3}, at::kDouble).requires_grad_();
    std::vector<double> positions;
    const auto loss = [&](const at::Tensor&) {
      positions.push_back(parameter[0].item<double>());
      return parameter.sum() * 5;
    };
    train({parameter}, steps, loss, {.batch = 1, .learning_rate = 0.25});
    positions.push_back(parameter[0].item<double>());
    ASSERT_EQ(static_cast<std::int64_t>(positions.size()), steps + 1);
    const std::int64_t warm_up = steps == 40 ? 4 : 1;
    for (std::int64_t i = 0; i < steps; ++i) {
      const double progress = double(i - warm_up) / double(steps - warm_up);
      const double share = i < warm_up ? double(i + 1) / double(warm_up)
                                       : (1 + std::cos(std::numbers::pi * progress)) / 2;
      EXPECT_NEAR(positions[i] - positions[i + 1], 0.25 * share, 1e-6) << i << " of " << steps;
    }
  }
}

TEST(Train, DecaysMatricesButNotVectors) {
  at::Tensor matrix = at::ones({2, 2}, at::kDouble).requires_grad_();
  at::Tensor vector = at::ones({2}, at::kDouble).requires_grad_();
  const auto loss = [&](const at::Tensor&) { return (matrix.sum() + vector.sum()) * 0; };
  train({matrix, vector}, 2, loss, {.batch = 1, .learning_rate = 0.5, .weight_decay = 0.1});
  // Both steps have the full rate: the first ends the warm-up, and the second starts the cosine.
  EXPECT_NEAR(matrix[1][0].item<double>(), 0.95 * 0.95, 1e-12);
  EXPECT_EQ(vector[0].item<double>(), 1);
}

TEST(Train, ClipsTheGradientToNorm1OverAllParameters) {
  at::Tensor a = at::zeros({1}, at::kDouble).requires_grad_();
  at::Tensor b = at::zeros({1}, at::kDouble).requires_grad_();
  int step = 0;
  const auto loss = [&](const at::Tensor&) {
    // Adam's second step is as long as its first only where their gradients are, and those are of
    // norms 5,000 and 5.
    return (a * 3 + b * 4).sum() * (step++ == 0 ? 1000 : 1);
  };
  train({a, b}, 2, loss, {.batch = 1, .learning_rate = 0.1});
  EXPECT_NEAR(a.item<double>(), -0.2, 1e-6);
  EXPECT_NEAR(b.item<double>(), -0.2, 1e-6);
}

TEST(Train, ShowsEachExampleOnceAnEpochInAFreshOrder) {
  at::Tensor parameter = at::zeros({1}).requires_grad_();
  std::vector<std::vector<std::int64_t>> batches;
  const auto loss = [&](const at::Tensor& indices) {
    EXPECT_EQ(indices.scalar_type(), at::kLong);
    const auto* begin = indices.const_data_ptr<std::int64_t>();
    batches.emplace_back(begin, begin + indices.numel());
    return parameter.sum();
  };
  train({parameter}, 10, loss, {.epochs = 2, .batch = 4});
  ASSERT_EQ(batches.size(), 4U);  // two an epoch: the last two of ten examples are left out
  for (int epoch = 0; epoch < 2; ++epoch) {
    std::set<std::int64_t> seen;
    for (int i = 0; i < 2; ++i)
      seen.insert(batches[2 * epoch + i].begin(), batches[2 * epoch + i].end());
    EXPECT_EQ(seen.size(), 8U);
    EXPECT_GE(*seen.begin(), 0);
    EXPECT_LT(*seen.rbegin(), 10);
  }
  EXPECT_NE(batches[0], batches[2]);
  batches.clear();
  train({parameter}, 3, loss, {.batch = 64});
  ASSERT_EQ(batches.size(), 1U);  // cut to the three that there are
  EXPECT_EQ(batches[0].size(), 3U);
}

TEST(Train, StopsWhereTheLossIsNotFiniteBeforeTheWeightsAreSpoiled) {
  at::Tensor parameter = at::ones({2}).requires_grad_();
  int step = 0;
  const auto loss = [&](const at::Tensor&) {
    return parameter.sum() * (step++ == 2 ? std::numeric_limits<double>::quiet_NaN() : 1.0);
  };
  const std::string text = error_of<Error>([&] { train({parameter}, 5, loss, {.batch = 1}); });
  EXPECT_TRUE(contains(text, "the loss is nan at step 3 of 5"));
  EXPECT_TRUE(contains(text, "lower the learning rate"));
  EXPECT_TRUE(std::isfinite(parameter.sum().item<double>()));
}

TEST(Train, RefusesOptionsOutOfRange) {
  at::Tensor parameter = at::ones({2}).requires_grad_();
  const auto loss = [&](const at::Tensor&) { return parameter.sum(); };
  const auto refusal = [&](const TrainOptions& options) {
    return error_of([&] { train({parameter}, 5, loss, options); });
  };
  EXPECT_TRUE(contains(refusal({.epochs = 0}), "got 0 and 64"));
  EXPECT_TRUE(contains(refusal({.batch = 0}), "got 1 and 0"));
  EXPECT_TRUE(contains(refusal({.learning_rate = 0}), "a positive learning_rate, got 0"));
  EXPECT_TRUE(contains(refusal({.learning_rate = INFINITY}), "a positive learning_rate, got inf"));
  EXPECT_TRUE(contains(refusal({.learning_rate = NAN}), "a positive learning_rate, got nan"));
  EXPECT_TRUE(contains(refusal({.weight_decay = -0.1}), "weight_decay of 0 or more, got -0.1"));
  EXPECT_TRUE(contains(refusal({.weight_decay = NAN}), "weight_decay of 0 or more, got nan"));
  EXPECT_TRUE(contains(error_of([&] { train({}, 5, loss, {}); }), "got 0 and 5"));
  EXPECT_TRUE(contains(error_of([&] { train({parameter}, 0, loss, {}); }), "got 1 and 0"));
}

TEST(Train, RefusesALossThatIsNoScalarWithGradient) {
  at::Tensor parameter = at::ones({2}).requires_grad_();
  const auto refusal = [&](const at::Tensor& value) {
    return error_of([&] { train({parameter}, 5, [&](const at::Tensor&) { return value; }, {}); });
  };
  EXPECT_TRUE(contains(refusal(parameter * 2), "a scalar tensor with gradient"));
  EXPECT_TRUE(contains(refusal(at::ones({})), "a scalar tensor with gradient"));
  EXPECT_TRUE(contains(refusal({}), "a scalar tensor with gradient"));
}

constexpr DecoderLmOptions kTiny{.vocabulary = 8,
                                 .dim = 32,
                                 .layers = 1,
                                 .heads = 2,
                                 .kv_heads = 2,
                                 .hidden = 64,
                                 .context = 16};

TEST(TrainLanguageModel, LowersThePerplexityOfARepeatingSequence) {
  seed_aten(1);
  DecoderLm model(kTiny);
  model->eval();
  // 0 1 2 0 3 4 ...: what follows a 0 depends on what came before it.
  const at::Tensor period = at::tensor({0, 1, 2, 0, 3, 4, 0, 5, 6, 7}, at::kLong);
  const at::Tensor tokens = period.repeat({40});
  const auto result =
      train_language_model(*model, tokens, {.epochs = 20, .batch = 8, .learning_rate = 1e-2});
  EXPECT_EQ(result.losses.size(), 20 * 3U);  // 399 / 16 = 24 examples
  EXPECT_NEAR(result.losses.front(), std::log(8), 0.1);
  EXPECT_FALSE(model->is_training());
  const at::Tensor logits = model->forward(tokens.slice(0, 0, 16).unsqueeze(0))[0];
  const at::Tensor loss = at::cross_entropy_loss(logits, tokens.slice(0, 1, 17));
  // At the first position nothing tells which of three 0s it is.
  EXPECT_LT(std::exp(loss.item<double>()), 1.2);
}

TEST(TrainLanguageModel, RefusesTokensThatMakeNoExample) {
  DecoderLm model(kTiny);
  const auto refusal = [&](const at::Tensor& tokens) {
    return error_of([&] { train_language_model(*model, tokens, {}); });
  };
  EXPECT_TRUE(contains(refusal(at::zeros({16}, at::kLong)),
                       "at least 17 tokens (the context and a target), got 16"));
  EXPECT_TRUE(contains(refusal(at::zeros({4, 17}, at::kLong)), "tokens: expected Long [*]"));
  EXPECT_TRUE(contains(refusal(at::zeros({17}, at::kInt)), "got Int [17]"));
  EXPECT_TRUE(contains(refusal(at::full({17}, 8, at::kLong)), "ids from 0 to 7, got 8"));
  EXPECT_EQ(train_language_model(*model, at::zeros({17}, at::kLong), {}).losses.size(), 1U);
}

}  // namespace
}  // namespace hadal::models
