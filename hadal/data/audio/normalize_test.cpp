#include "hadal/data/audio/normalize.h"

#include "hadal/core/error.h"

#include <limits>

#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace hadal::data {
namespace {

TEST(NormalizeUtterances, GivesEachBandMeanZeroAndVarianceOneOverItsOwnFrames) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const at::Tensor features =
      at::tensor({1.0F, 3.0F, nan, nan, -4.0F, 4.0F, 9.0F, 9.0F,     // two frames
                  5.0F, 5.0F, 5.0F, 5.0F, 0.0F, 0.0F, 0.0F, 0.04F})  // four
          .reshape({2, 2, 4});
  const at::Tensor normalized = normalize_utterances(features, at::tensor({2L, 4L}));
  const at::Tensor expected = at::tensor({-1.0F, 1.0F, 0.0F, 0.0F, -1.0F, 1.0F, 0.0F, 0.0F,  //
                                          0.0F, 0.0F, 0.0F, 0.0F, -0.1F, -0.1F, -0.1F, 0.3F})
                                  .reshape({2, 2, 4});
  EXPECT_TRUE(normalized.allclose(expected, 0, 1e-6)) << normalized;
}

TEST(NormalizeUtterances, TakesOutGainAndColour) {
  const at::Tensor features = at::tensor({1.0F, 2.0F, 4.0F, 3.0F, 7.0F, 5.0F}).reshape({1, 2, 3});
  const at::Tensor colour = at::tensor({-3.0F, 2.0F}).reshape({1, 2, 1});
  const at::Tensor lengths = at::tensor({3L});
  EXPECT_TRUE(normalize_utterances(features + colour, lengths)
                  .allclose(normalize_utterances(features, lengths), 0, 1e-5));
}

TEST(NormalizeUtterances, RefusesInputsThatItCannotTake) {
  const at::Tensor features = at::zeros({1, 2, 3});
  EXPECT_THROW(normalize_utterances(features[0], at::tensor({3L})), InvalidArgument);
  EXPECT_THROW(normalize_utterances(features.to(at::kDouble), at::tensor({3L})), InvalidArgument);
  EXPECT_THROW(normalize_utterances(features, at::tensor({4L})), InvalidArgument);
  EXPECT_THROW(normalize_utterances(features, at::tensor({0L})), InvalidArgument);
  EXPECT_THROW(normalize_utterances(features, at::tensor({3L}), 0.0), InvalidArgument);
}

}  // namespace
}  // namespace hadal::data
