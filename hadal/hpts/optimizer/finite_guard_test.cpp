#include "hadal/hpts/optimizer/finite_guard.h"

#include "hadal/core/error.h"
#include "hadal/hpts/optimizer/test_support.h"

#include <cmath>

#include <ATen/ops/ones.h>

namespace hadal::hpts {
namespace {

using hadal::testing::error_of;
using testing::leaf;

struct Model {
  at::Tensor first = leaf(at::ones({3})), second = leaf(at::ones({3}));
  Model() {
    first.mutable_grad() = at::ones({3});
    second.mutable_grad() = at::ones({3});
  }
  std::vector<NamedParameter> parameters() const { return {{"first", first}, {"second", second}}; }
};

TEST(FiniteGuard, SkipsAndCountsAndForgetsARowThatEnds) {
  Model model;
  FiniteGuard guard(model.parameters(), 2);
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(guard.admits_loss(NAN));
    EXPECT_TRUE(guard.admits_loss(0.5));
    EXPECT_TRUE(guard.admits_gradients());
  }
  EXPECT_EQ(guard.skipped(), 3);
}

TEST(FiniteGuard, NamesTheFirstWeightThatIsNotFinite) {
  Model model;
  FiniteGuard guard(model.parameters(), 2);
  model.second.detach()[1] = INFINITY;
  model.first.mutable_grad()[0] = NAN;
  EXPECT_FALSE(guard.admits_gradients());
  EXPECT_TRUE(guard.admits_loss(1));  // does not end the row: the gradients are judged yet
  EXPECT_EQ(error_of<Error>([&] { guard.admits_gradients(); }),
            "a gradient is not finite in 2 steps in a row, of 2 skipped in all; the first weight "
            "that is not finite is in \"second\"");
}

TEST(FiniteGuard, NamesTheFirstGradientWhereWeightsAreFinite) {
  Model model;
  FiniteGuard guard(model.parameters(), 1);
  model.second.mutable_grad()[1] = INFINITY;
  EXPECT_NE(error_of<Error>([&] {
              guard.admits_gradients();
            }).find("the first gradient that is not is that of \"second\""),
            std::string::npos);
}

TEST(FiniteGuard, PointsToTheInputsWhereTheModelIsFinite) {
  FiniteGuard guard(Model().parameters(), 1);
  const std::string text = error_of<Error>([&] { guard.admits_loss(INFINITY); });
  EXPECT_NE(text.find("the loss is inf in 1 steps in a row"), std::string::npos) << text;
  EXPECT_NE(text.find("look at the inputs"), std::string::npos) << text;
  EXPECT_THROW(FiniteGuard({}, 0), InvalidArgument);
}

}  // namespace
}  // namespace hadal::hpts
