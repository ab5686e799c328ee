#pragma once

#include "hadal/msp/backdoor/poison/trigger.h"

#include <cstdint>
#include <string>

namespace hadal::msp {

struct BlendedOptions {
  double share = 0.2;      ///< of the pattern, (0, 1]; the rest is the image
  std::uint64_t seed = 0;  ///< of the pattern
};

/// A random pattern over the whole image, mixed with it: the "blended injection" of Chen et al.
/// (2017, "Targeted backdoor attacks on deep learning systems using data poisoning").
class BlendedTrigger : public Trigger {
 public:
  /// Throws InvalidArgument for a share out of range.
  explicit BlendedTrigger(const BlendedOptions& options = {});
  std::string name() const override { return "blended"; }
  at::Tensor stamp(const at::Tensor& images) const override;

 private:
  BlendedOptions options_;
};

}  // namespace hadal::msp
