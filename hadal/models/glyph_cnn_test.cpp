#include "hadal/models/glyph_cnn.h"

#include "hadal/models/state.h"
#include "hadal/models/test_support.h"

#include <ATen/ops/rand.h>

namespace hadal::models {
namespace {

using hadal::models::testing::error_of;
using testing::contains;
using testing::max_difference;
using testing::parameter_count;
using testing::randomize;

TEST(GlyphCnn, HasTheParametersThatItsDescriptionCounts) {
  EXPECT_EQ(parameter_count(*GlyphCnn()), 47194);
  EXPECT_EQ(parameter_count(*GlyphCnn(26)), 47194 + 16 * 65);
}

TEST(GlyphCnn, GivesLogitsThatTrainEveryParameter) {
  GlyphCnn model(26);
  const at::Tensor logits = model->forward(at::rand({3, 1, 28, 28}));
  EXPECT_EQ(logits.sizes(), (at::IntArrayRef{3, 26}));
  logits.pow(2).sum().backward();
  for (const auto& item : model->named_parameters()) {
    ASSERT_TRUE(item.value().grad().defined()) << item.key();
    EXPECT_GT(item.value().grad().abs().max().item<double>(), 0) << item.key();
  }
}

TEST(GlyphCnn, FoldingBatchNormKeepsTheOutputs) {
  for (const auto& [type, tolerance] :
       {std::pair{at::kDouble, 1e-12}, std::pair{at::kFloat, 1e-4}}) {
    GlyphCnn model;
    randomize(*model, 0.1);
    model->to(type);
    model->eval();
    const at::Tensor images = at::rand({3, 1, 28, 28}, type);
    const at::Tensor before = model->forward(images);
    model->fold_batch_norm();
    EXPECT_GT(before.std().item<double>(), 0.1);
    EXPECT_LT(max_difference(model->forward(images), before), tolerance);
    EXPECT_EQ(state(*model).size(), 4 * 2 + 2U);
    model->fold_batch_norm();
    EXPECT_LT(max_difference(model->forward(images), before), tolerance);
  }
}

TEST(GlyphCnn, RefusesOtherInputsAndTooFewClasses) {
  EXPECT_TRUE(contains(error_of([] { GlyphCnn(1); }), "2 or more classes, got 1"));
  GlyphCnn model;
  const auto refusal = [&](const at::Tensor& x) { return error_of([&] { model->forward(x); }); };
  EXPECT_TRUE(contains(refusal(at::rand({1, 3, 28, 28})),
                       "images: expected Float [*, 1, 28, 28], got Float [1, 3, 28, 28]"));
  EXPECT_TRUE(contains(refusal(at::rand({1, 1, 28, 28}, at::kDouble)), "got Double"));
  EXPECT_TRUE(contains(refusal({}), "undefined"));
}

}  // namespace
}  // namespace hadal::models
