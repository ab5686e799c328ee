#include "hadal/models/train.h"

#include "hadal/core/random.h"
#include "hadal/data/generate/glyphs.h"
#include "hadal/hpts/autocast/testing.h"
#include "hadal/models/glyph_cnn.h"

#include <functional>

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

namespace hadal::hpts {
namespace {

using Logits = std::function<at::Tensor(models::GlyphCnn&, const at::Tensor&)>;

at::Tensor scaled(const at::Tensor& images) { return images.to(at::kFloat) / 255; }

/// The share of held-out digits that a network gets right after 300 steps.
double accuracy_of(const Logits& logits) {
  static const data::LabelledImages train = data::generate_glyphs(4800, 1);
  static const data::LabelledImages test = data::generate_glyphs(1000, 2);
  seed_aten(3);
  models::GlyphCnn model(10);
  const at::Tensor images = scaled(train.images);
  models::train_classifier(
      *model,
      [&](const at::Tensor& indices) { return logits(model, images.index_select(0, indices)); },
      train.labels, {.epochs = 1, .batch = 16, .learning_rate = 5e-3, .seed = 4});
  model->eval();
  const at::NoGradGuard no_grad;
  const at::Tensor right = model->forward(scaled(test.images)).argmax(1) == test.labels;
  return right.to(at::kDouble).mean().item<double>();
}

TEST(AutocastTraining, ReachesTheAccuracyOfFp32) {
  const int threads = at::get_num_threads();
  at::set_num_threads(1);  // layers this small lose more to waiting than they gain
  const double expected =
      accuracy_of([](models::GlyphCnn& model, const at::Tensor& x) { return model->forward(x); });
  const double compressed = accuracy_of([](models::GlyphCnn& model, const at::Tensor& x) {
    const Autocast autocast(*model, testing::plan_of(Precision::bf16, SavedFormat::int8_blocks));
    return model->forward(x);
  });
  RecordProperty("fp32", std::to_string(expected));
  RecordProperty("compressed", std::to_string(compressed));
  EXPECT_GT(expected, 0.8);
  EXPECT_GT(compressed, expected - 0.03);
  at::set_num_threads(threads);
}

}  // namespace
}  // namespace hadal::hpts
