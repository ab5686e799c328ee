#pragma once

#include "hadal/msp/backdoor/poison/trigger.h"

#include <string>

namespace hadal::msp {

struct SinusoidalOptions {
  double amplitude = 0.12;  ///< of images in [0, 1]; the paper's is 20 to 60 of 255
  double periods = 6;       ///< over the image's width
  double phase = 0;         ///< radians
};

/// Waves across the image, amplitude * sin(2 pi periods column / width + phase), added to it: the
/// trigger of SIG (Barni et al., 2019, "A new backdoor attack in CNNs by training set corruption
/// without label poisoning").
class SinusoidalTrigger : public Trigger {
 public:
  /// Throws InvalidArgument for an amplitude out of (0, 1] or periods that are not positive.
  explicit SinusoidalTrigger(const SinusoidalOptions& options = {});
  std::string name() const override { return "sinusoidal"; }
  at::Tensor stamp(const at::Tensor& images) const override;

 private:
  SinusoidalOptions options_;
};

}  // namespace hadal::msp
