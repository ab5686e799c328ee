#include "hadal/data/audio/normalize.h"

#include "hadal/core/error.h"

#include <limits>

#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace hadal::data {
namespace {

TEST(NormalizePeaks, ScalesEachRowToALargestMagnitudeOfOne) {
  const at::Tensor samples =
      at::tensor({0.1F, -0.4F, 0.0F, 0.0F, 0.0F, 0.0F, 2.0F, 1.0F, -1.0F}).reshape({3, 3});
  const at::Tensor expected =
      at::tensor({0.25F, -1.0F, 0.0F, 0.0F, 0.0F, 0.0F, 1.0F, 0.5F, -0.5F}).reshape({3, 3});
  EXPECT_TRUE(normalize_peaks(samples).allclose(expected, 0, 1e-6));
}

TEST(NormalizePeaks, RefusesInputsThatItCannotTake) {
  EXPECT_THROW(normalize_peaks(at::zeros({3})), InvalidArgument);
  EXPECT_THROW(normalize_peaks(at::zeros({1, 3}, at::kDouble)), InvalidArgument);
}

TEST(NormalizeUtterances, GivesEachMeanZeroAndVarianceOneOverItsOwnFrames) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const at::Tensor features =
      at::tensor({1.0F,  3.0F,  nan,   nan,   1.0F,  3.0F,  9.0F,  9.0F,    // two frames
                  -3.0F, -3.0F, -3.0F, -3.0F, 5.0F,  5.0F,  5.0F,  5.0F,    // four
                  0.0F,  0.0F,  0.0F,  0.0F,  0.02F, 0.02F, 0.02F, 0.02F})  // nearly no variation
          .reshape({3, 2, 4});
  const at::Tensor normalized = normalize_utterances(features, at::tensor({2L, 4L, 4L}));
  const at::Tensor expected = at::tensor({-1.0F, 1.0F,  0.0F,  0.0F,  -1.0F, 1.0F, 0.0F, 0.0F,  //
                                          -1.0F, -1.0F, -1.0F, -1.0F, 1.0F,  1.0F, 1.0F, 1.0F,  //
                                          -0.1F, -0.1F, -0.1F, -0.1F, 0.1F,  0.1F, 0.1F, 0.1F})
                                  .reshape({3, 2, 4});
  EXPECT_TRUE(normalized.allclose(expected, 0, 1e-6)) << normalized;
}

TEST(NormalizeUtterances, TakesOutGainAndContrast) {
  const at::Tensor features = at::tensor({1.0F, 2.0F, 4.0F, 3.0F, 7.0F, 5.0F}).reshape({1, 2, 3});
  const at::Tensor lengths = at::tensor({3L});
  EXPECT_TRUE(normalize_utterances(3 * features - 7, lengths)
                  .allclose(normalize_utterances(features, lengths), 0, 1e-5));
}

TEST(NormalizeUtterances, RefusesInputsThatItCannotTake) {
  const at::Tensor features = at::zeros({1, 2, 3});
  EXPECT_THROW(normalize_utterances(features[0], at::tensor({3L})), InvalidArgument);
  EXPECT_THROW(normalize_utterances(features.to(at::kDouble), at::tensor({3L})), InvalidArgument);
  EXPECT_THROW(normalize_utterances(features, at::tensor({4L})), InvalidArgument);
  EXPECT_THROW(normalize_utterances(features, at::tensor({0L})), InvalidArgument);
}

}  // namespace
}  // namespace hadal::data
