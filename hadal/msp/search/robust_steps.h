#pragma once

#include "hadal/data/labelled_images.h"
#include "hadal/msp/search/slot_network.h"

#include <cstdint>
#include <functional>

#include <ATen/core/Tensor.h>

namespace hadal::msp {

/// Adversarial examples of a search, linf, and what is learnt from them.
struct RobustSteps {
  double epsilon = 0.1;
  int attack_steps = 3;
  std::int64_t batch = 64;
  double learning_rate = 2e-3;
  std::uint64_t seed = 0;
  std::function<void()> check_interrupt = [] {};
};

/// fp32 in [0, 1] of the rows `indices`, and their labels.
data::LabelledImages batch_of(const data::LabelledImages& images, const at::Tensor& indices);

/// The mean cross-entropy, with gradient, of adversarial examples around `batch`, of batch_of(),
/// which PGD finds from a random start that `draw` and the seed name.
at::Tensor robust_loss(SlotNetwork& network, const data::LabelledImages& batch,
                       const RobustSteps& options, std::uint64_t draw);

/// `steps` steps of AdamW on that loss, whose rate falls to 0 along half a cosine.
void train_robustly(SlotNetwork& network, const data::LabelledImages& images, std::int64_t steps,
                    const RobustSteps& options);

/// The share of up to `count` images that are right and that PGD of 20 steps leaves so.
double robust_accuracy(SlotNetwork& network, const data::LabelledImages& images, std::int64_t count,
                       const RobustSteps& options);

}  // namespace hadal::msp
