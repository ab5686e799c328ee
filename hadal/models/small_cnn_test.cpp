#include "hadal/models/small_cnn.h"

#include "hadal/models/test_support.h"
#include "hadal/testing/error_of.h"

#include <ATen/ops/rand.h>
#include <gtest/gtest.h>

namespace hadal::models {
namespace {

TEST(SmallCnn, HasTheParametersThatItsDescriptionCounts) {
  // 832 + 18,496 + 36,928 of convolutions; 627,400 + 2,010 of linear layers.
  EXPECT_EQ(testing::parameter_count(*SmallCnn()), 685'666);
}

TEST(SmallCnn, GivesLogitsThatTrainEveryParameter) {
  SmallCnn model(26);
  testing::randomize(*model, 0.1);
  const at::Tensor logits = model->forward(at::rand({3, 1, 28, 28}));
  EXPECT_EQ(logits.sizes(), (std::vector<std::int64_t>{3, 26}));
  logits.square().sum().backward();
  for (const auto& item : model->named_parameters()) {
    EXPECT_GT(item.value().grad().abs().max().item<double>(), 0) << item.key();
  }
}

TEST(SmallCnn, RefusesOtherInputsAndTooFewClasses) {
  EXPECT_THROW(SmallCnn(1), InvalidArgument);
  EXPECT_THROW(SmallCnn()->forward(at::rand({1, 1, 32, 32})), InvalidArgument);
}

}  // namespace
}  // namespace hadal::models
