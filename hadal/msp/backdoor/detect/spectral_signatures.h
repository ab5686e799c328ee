#pragma once

#include "hadal/msp/backdoor/detect/detector.h"

#include <cstdint>
#include <string>

#include <ATen/core/Tensor.h>

namespace hadal::msp {

/// Looks at the first principal component of the features of each class's training images, along
/// which those that were poisoned lie far out (Tran et al., 2018, "Spectral signatures in backdoor
/// attacks"). A score is the share of the class's variance along it. Needs the training set.
class SpectralSignatures : public Detector {
 public:
  std::string name() const override { return "spectral-signatures"; }
  Evidence look(const Suspect& suspect) const override;
};

/// fp64 [n]: how far each image of class `label` lies out, in the order of the set: the square of
/// its features along that component. The paper removes those with the largest and trains again.
at::Tensor spectral_outliers(const at::Tensor& features, const at::Tensor& labels,
                             std::int64_t label);

}  // namespace hadal::msp
