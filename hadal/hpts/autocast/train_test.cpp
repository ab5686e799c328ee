#include "hadal/core/random.h"
#include "hadal/data/generate/glyphs.h"
#include "hadal/hpts/autocast/testing.h"
#include "hadal/hpts/checkpointing/checkpoint.h"
#include "hadal/models/glyph_cnn.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <gtest/gtest.h>
#include <torch/optim/sgd.h>

namespace hadal::hpts {
namespace {

using Forward = std::function<at::Tensor(models::GlyphCnn&, const at::Tensor&)>;

/// The share of held-out digits that a network gets right which was trained on 256 others.
double accuracy_of(const std::optional<PrecisionPlan>& plan, const Forward& forward) {
  constexpr std::int64_t kBatch = 32;
  const data::LabelledImages train = data::generate_glyphs(256, 1);
  const data::LabelledImages test = data::generate_glyphs(200, 2);
  seed_aten(3);
  models::GlyphCnn model(10);
  torch::optim::SGD optimizer(model->parameters(), torch::optim::SGDOptions(0.05).momentum(0.9));
  for (int step = 0; step < 150; ++step) {
    const std::int64_t first = step % (train.labels.size(0) / kBatch) * kBatch;
    const at::Tensor images = train.images.narrow(0, first, kBatch).to(at::kFloat) / 255;
    const at::Tensor labels = train.labels.narrow(0, first, kBatch);
    optimizer.zero_grad();
    const at::Tensor loss = [&] {
      std::optional<Autocast> autocast;
      if (plan) autocast.emplace(*model, *plan);
      return at::cross_entropy_loss(forward(model, images), labels);
    }();
    loss.backward();
    optimizer.step();
  }
  model->eval();
  const at::NoGradGuard no_grad;
  const at::Tensor right =
      model->forward(test.images.to(at::kFloat) / 255).argmax(1) == test.labels;
  return right.to(at::kDouble).mean().item<double>();
}

TEST(TrainingMemory, TrainsToTheAccuracyOfFp32) {
  const Forward plain = [](models::GlyphCnn& model, const at::Tensor& x) {
    return model->forward(x);
  };
  const Forward again = [](models::GlyphCnn& model, const at::Tensor& x) {
    return checkpoint_module(model, x);
  };
  const double expected = accuracy_of(std::nullopt, plain);
  EXPECT_GT(expected, 0.75);
  const PrecisionPlan small = testing::plan_of(Precision::bf16, SavedFormat::int8_blocks);
  EXPECT_NEAR(accuracy_of(small, plain), expected, 0.05);
  EXPECT_NEAR(accuracy_of(small, again), expected, 0.05);
}

}  // namespace
}  // namespace hadal::hpts
