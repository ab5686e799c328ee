#include "hadal/msp/search/search.h"

#include "hadal/core/error.h"
#include "hadal/msp/defend/test_support.h"

#include <algorithm>
#include <array>
#include <set>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/rand.h>
#include <gtest/gtest.h>

namespace hadal::msp {
namespace {

SearchOptions short_search() {
  return {.steps = {.epsilon = 0.05, .attack_steps = 1, .batch = 16, .seed = 3},
          .supernet_steps = 3,
          .probe_steps = 2,
          .judged_images = 20};
}

constexpr Architecture kMixed{Operation::conv3, Operation::identity, Operation::separable5,
                              Operation::max_pool};

TEST(SearchSpace, CountsMultiplications) {
  EXPECT_EQ(multiplications(Operation::conv3, 24, 14), 196 * 24 * 24 * 9);
  EXPECT_EQ(multiplications(Operation::separable5, 24, 7), 49 * 24 * (25 + 24));
  EXPECT_EQ(multiplications(kMixed, 24, 14), 196 * 24 * 24 * 9 + 49 * 24 * (25 + 24));
  EXPECT_EQ(text_of(kMixed), "conv3 identity | separable5 max_pool");
}

TEST(SearchSpace, DrawsEveryOperationInEverySlot) {
  Random random(1);
  std::array<std::set<Operation>, kSlots> seen;
  for (int i = 0; i < 200; ++i) {
    const Architecture architecture = random_architecture(random);
    for (std::size_t slot = 0; slot < kSlots; ++slot) seen[slot].insert(architecture[slot]);
  }
  for (const auto& operations : seen) EXPECT_EQ(operations.size(), kOperations.size());
}

// With all weight on one operation a slot, and its weights, the supernet is that network.
TEST(SlotNetwork, IsOneOfItsNetworksWhereOneOperationHasAllTheWeight) {
  seed_aten(1);
  SlotNetwork whole(3, 28), one(3, 28, kMixed);
  const at::NoGradGuard no_grad;
  for (std::size_t slot = 0; slot < kSlots; ++slot) {
    whole->mixing()[static_cast<std::int64_t>(slot)][static_cast<std::int64_t>(kMixed[slot])] = 99;
  }
  const auto weights = whole->named_parameters();
  for (auto& item : one->named_parameters()) item.value().copy_(weights[item.key()]);
  const at::Tensor images = at::rand({2, 1, 28, 28});
  EXPECT_TRUE(at::allclose(whole->forward(images), one->forward(images), 1e-4, 1e-5));
  EXPECT_EQ(whole->strongest(), kMixed);
}

TEST(SlotNetwork, RefusesImagesThatItCannotHalveTwice) {
  EXPECT_THROW(SlotNetwork(10, 30), InvalidArgument);
  EXPECT_THROW(SlotNetwork(1, 28), InvalidArgument);
}

TEST(Search, RepeatsWithASeedAndTellsWhatItTook) {
  const data::ImageSet images = testing::halves(64);
  const SearchResult first = search_by_gradient(images, short_search());
  EXPECT_EQ(first.architecture, search_by_gradient(images, short_search()).architecture);
  EXPECT_GT(first.multiplications, 0);
}

TEST(Search, AtRandomKeepsToItsBudget) {
  const data::ImageSet images = testing::halves(64);
  const double one = search_at_random(images, short_search(), 0).multiplications;
  EXPECT_EQ(search_at_random(images, short_search(), 0).candidates, 1);
  const double budget = 4 * std::max(one, 1e8);
  const SearchResult many = search_at_random(images, short_search(), budget);
  EXPECT_GT(many.candidates, 1);
  EXPECT_LE(many.multiplications, budget);
}

// What training is for: the same network is more robust after it than after one step.
TEST(Search, JudgesByRobustnessAfterTraining) {
  const data::ImageSet images = testing::halves(64);
  const SearchOptions options = short_search();
  const double untrained = judge_architecture(images, kMixed, 1, options, 4);
  const double trained = judge_architecture(images, kMixed, 60, options, 4);
  EXPECT_GT(trained, untrained + 0.2);
}

TEST(Search, RefusesOptionsOutOfRange) {
  SearchOptions options = short_search();
  options.supernet_steps = 0;
  EXPECT_THROW(search_by_gradient(testing::halves(64), options), InvalidArgument);
}

}  // namespace
}  // namespace hadal::msp
