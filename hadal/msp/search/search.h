#pragma once

#include "hadal/data/sets/sets.h"
#include "hadal/msp/search/robust_steps.h"
#include "hadal/msp/search/space.h"

#include <cstdint>

namespace hadal::msp {

struct SearchOptions {
  RobustSteps steps = {};
  std::int64_t supernet_steps = 300;  ///< each of weights and of mixing
  double mixing_rate = 0.02;          ///< learning rate of mixing
  std::int64_t probe_steps = 100;     ///< that a drawn architecture is trained for
  std::int64_t judged_images = 500;   ///< that a trained one is attacked on
};

/// What a search has found, and what it took.
struct SearchResult {
  Architecture architecture{};
  double multiplications = 0;   ///< all that the search did, in the slots
  std::int64_t candidates = 0;  ///< architectures that were trained, of random search
};

/// Differentiable architecture search with robustness in its objective: a supernet whose weights
/// learn from one half of the training images and whose mixing from the other, in turn, both by
/// gradients of the loss of adversarial examples (DARTS of first order); the strongest operation of
/// each slot remains. Grey images of one size, a multiple of 4.
SearchResult search_by_gradient(const data::ImageSet& images, const SearchOptions& options);

/// The control: architectures drawn at random, each trained on the same half of the images for
/// `probe_steps` and judged on the other, as many as `budget` multiplications allow, at least one;
/// the most robust remains.
SearchResult search_at_random(const data::ImageSet& images, const SearchOptions& options,
                              double budget);

/// The robust accuracy on test images of `architecture`, trained for `steps` on all training images
/// from weights that `seed` draws.
double judge_architecture(const data::ImageSet& images, const Architecture& architecture,
                          std::int64_t steps, const SearchOptions& options, std::uint64_t seed);

}  // namespace hadal::msp
