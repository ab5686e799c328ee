#pragma once

#include "hadal/msp/backdoor/detect/trigger_search.h"

#include <string>

namespace hadal::msp {

/// A change that is added to an image, which stays in [0, 1].
class AddedTrigger : public Trigger {
 public:
  /// `change` fp32 [c, h, w] in [-1, 1].
  explicit AddedTrigger(at::Tensor change);
  std::string name() const override { return "added"; }
  at::Tensor stamp(const at::Tensor& images) const override;

 private:
  at::Tensor change_;
};

/// Learns a generator of triggers: a network of one hidden layer that makes, of a class and of
/// noise, a change that turns images to the class, and that is as small as may be. After
/// DeepInspect (Chen et al., 2019), whose conditional generator it shares among classes, with costs
/// that follow success as in Neural Cleanse in place of a bound on the size. Finds triggers that
/// are spread over the image, for which a mask is a poor measure. A trigger's size is the L2 norm,
/// the mean over draws of the noise; a score is -log of it.
class TriggerGenerator : public Detector {
 public:
  /// Throws InvalidArgument for an option out of range, or a batch that does not split in four.
  explicit TriggerGenerator(const TriggerSearchOptions& options = {});
  std::string name() const override { return "trigger-generator"; }
  Evidence look(const Suspect& suspect) const override;

 private:
  TriggerSearchOptions options_;
};

}  // namespace hadal::msp
