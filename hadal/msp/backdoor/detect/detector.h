#pragma once

#include "hadal/msp/attack/classifier.h"
#include "hadal/msp/backdoor/poison/trigger.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

namespace hadal::msp {

/// A model that may have a backdoor, and what its auditor has.
struct Suspect {
  Classifier classifier = {};  ///< of images fp32 in [0, 1]
  std::int64_t classes = 10;
  at::Tensor images =
      {};  ///< fp32 [n, c, h, w], n >= 1: clean ones, whose classes need not be known
  /// What the model was trained on, for detectors that look there: its features [m, d], which are
  /// what its last layer takes, and labels int64 [m]. Undefined where unknown.
  at::Tensor training_features = {};
  at::Tensor training_labels = {};
};

/// A trigger that was reverse-engineered for a class.
struct ReversedTrigger {
  std::shared_ptr<const Trigger> trigger = {};
  double size = 0;     ///< in the detector's own measure; the most there is where none was found
  double success = 0;  ///< share of images of other classes, as the model has it, that it turns
  at::Tensor picture = {};  ///< fp32 [c, h, w] in [0, 1]: what it looks like
};

/// What a detector makes of a suspect.
struct Evidence {
  std::vector<double> scores = {};             ///< of each class; larger is more suspicious
  std::vector<ReversedTrigger> triggers = {};  ///< of each class, or none
};

class Detector {
 public:
  virtual ~Detector() = default;
  virtual std::string name() const = 0;

  /// One suspect and seed give one result. Throws InvalidArgument where the suspect lacks what the
  /// detector looks at, or has it in another shape.
  virtual Evidence look(const Suspect& suspect) const = 0;
};

}  // namespace hadal::msp
