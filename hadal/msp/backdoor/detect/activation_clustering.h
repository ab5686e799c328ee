#pragma once

#include "hadal/msp/backdoor/detect/detector.h"

#include <string>

namespace hadal::msp {

/// Splits the features of each class's training images in two by k-means, after a projection to
/// their first ten principal components; what was poisoned makes a cluster of its own (Chen et al.,
/// 2018, "Detecting backdoor attacks on deep neural networks by activation clustering", which
/// projects by independent components). A score is the mean silhouette (Rousseeuw, 1987). Needs the
/// training set.
class ActivationClustering : public Detector {
 public:
  std::string name() const override { return "activation-clustering"; }
  Evidence look(const Suspect& suspect) const override;
};

}  // namespace hadal::msp
