#pragma once

#include "hadal/msp/attack/classifier.h"
#include "hadal/msp/backdoor/poison/trigger.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <ATen/core/Tensor.h>

namespace torch::nn {
class Module;
}

namespace hadal::msp {

struct UnlearnOptions {
  double share = 0.5;  ///< of each batch that is stamped
  int epochs = 3;
  std::int64_t batch = 64;
  double learning_rate = 1e-3;
  std::uint64_t seed = 0;
  std::function<void()> check_interrupt = {};
};

/// Trains `model`, which `classifier` runs, on clean images fp32 [n, c, h, w] in [0, 1] of classes
/// `labels` int64 [n], part of which are stamped with one of `triggers`, those that were found, and
/// keep their labels: so it learns that the trigger says nothing (Wang et al., 2019). Without
/// triggers this is plain fine-tuning. Throws InvalidArgument for a share out of [0, 1], and what
/// models::train_classifier() throws.
void unlearn(torch::nn::Module& model, const Classifier& classifier, const at::Tensor& images,
             const at::Tensor& labels, const std::vector<std::shared_ptr<const Trigger>>& triggers,
             const UnlearnOptions& options = {});

}  // namespace hadal::msp
