#pragma once

#include "hadal/msp/backdoor/detect/trigger_search.h"

#include <string>

namespace hadal::msp {

/// Pixels that replace those of an image, each by a share: (1 - mask) * image + mask * pattern.
class MaskedTrigger : public Trigger {
 public:
  /// `mask` fp32 [1, h, w] and `pattern` fp32 [c, h, w], in [0, 1].
  MaskedTrigger(at::Tensor mask, at::Tensor pattern);
  std::string name() const override { return "masked"; }
  at::Tensor stamp(const at::Tensor& images) const override;

 private:
  at::Tensor mask_, pattern_;
};

/// Reverse-engineers for each class the smallest mask and its pattern that turn images to the class
/// (Neural Cleanse, Wang et al., 2019), for all classes at once. A trigger's size is the sum of its
/// mask, in pixels; a score is -log of it.
class NeuralCleanse : public Detector {
 public:
  /// Throws InvalidArgument for an option out of range.
  explicit NeuralCleanse(const TriggerSearchOptions& options = {});
  std::string name() const override { return "neural-cleanse"; }
  Evidence look(const Suspect& suspect) const override;

 private:
  TriggerSearchOptions options_;
};

}  // namespace hadal::msp
