#include "hadal/msp/backdoor/detect/spectral_signatures.h"

#include "hadal/msp/backdoor/detect/principal.h"

#include <algorithm>

namespace hadal::msp {

Evidence SpectralSignatures::look(const Suspect& suspect) const {
  require_features("spectral-signatures", suspect.training_features, suspect.training_labels,
                   suspect.classes);
  Evidence evidence;
  for (std::int64_t k = 0; k < suspect.classes; ++k) {
    const Principal of = principal_of(suspect.training_features, suspect.training_labels, k);
    const double all = of.variances.sum().item<double>();
    evidence.scores.push_back(of.variances[0].item<double>() / std::max(1e-300, all));
  }
  return evidence;
}

at::Tensor spectral_outliers(const at::Tensor& features, const at::Tensor& labels,
                             std::int64_t label) {
  const Principal of = principal_of(features, labels, label);
  return of.centered.mv(of.directions.select(1, 0)).square();
}

}  // namespace hadal::msp
