#include "hadal/core/error.h"
#include "hadal/core/random.h"
#include "hadal/msp/backdoor/detect/activation_clustering.h"
#include "hadal/msp/backdoor/detect/spectral_signatures.h"

#include <algorithm>
#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace hadal::msp {
namespace {

/// Features of three classes, of which a fifth of class 1 lies apart along one direction.
Suspect trained_on_poison() {
  seed_aten(4);
  const at::Tensor labels = at::arange(300).remainder(3);
  at::Tensor features = at::randn({300, 8});
  for (std::int64_t i = 1; i < 300; i += 15) features[i].add_(10 * at::arange(8).eq(5));
  return {.classes = 3, .training_features = features, .training_labels = labels};
}

template <class SomeDetector>
void expect_class_1() {
  const auto scores = SomeDetector().look(trained_on_poison()).scores;
  ASSERT_EQ(scores.size(), 3U);
  EXPECT_GT(scores[1], 1.5 * std::max(scores[0], scores[2]));
}

TEST(ActivationClustering, ScoresTheClassThatFallsInTwo) { expect_class_1<ActivationClustering>(); }

TEST(SpectralSignatures, ScoresTheClassThatVariesMostAlongOneDirection) {
  expect_class_1<SpectralSignatures>();
}

// Two pairs: each point is 1 from its own, and (5 + sqrt(26)) / 2 from the others on average.
TEST(ActivationClustering, ItsScoreIsTheMeanSilhouette) {
  const at::Tensor x = at::tensor({0., 0., 0., 1., 5., 0., 5., 1.}).view({4, 2});
  const Suspect pairs{
      .classes = 1, .training_features = x, .training_labels = at::zeros({4}, at::kLong)};
  const double across = (5 + std::sqrt(26)) / 2;
  EXPECT_NEAR(ActivationClustering().look(pairs).scores[0], (across - 1) / across, 1e-9);
}

TEST(SpectralSignatures, PutsThePoisonedFarthestOut) {
  const Suspect suspect = trained_on_poison();
  const at::Tensor outliers =
      spectral_outliers(suspect.training_features, suspect.training_labels, 1);
  const at::Tensor farthest = std::get<1>(outliers.topk(20));
  // Every fifth of the class was moved.
  EXPECT_GE(farthest.remainder(5).eq(0).sum().item<int>(), 19);
}

TEST(SpectralSignatures, RefusesASuspectWithoutItsTrainingSet) {
  EXPECT_THROW(SpectralSignatures().look({.classes = 2}), InvalidArgument);
  Suspect suspect = trained_on_poison();
  suspect.classes = 4;  // the last has no example
  EXPECT_THROW(ActivationClustering().look(suspect), InvalidArgument);
}

}  // namespace
}  // namespace hadal::msp
