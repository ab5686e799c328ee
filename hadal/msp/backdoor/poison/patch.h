#pragma once

#include "hadal/msp/backdoor/poison/trigger.h"

#include <cstdint>
#include <string>

#include <ATen/core/Tensor.h>

namespace hadal::msp {

struct PatchOptions {
  std::int64_t side = 3;  ///< pixels
  std::int64_t top = 24;  ///< first row
  std::int64_t left = 24;
  std::uint64_t seed = 0;  ///< of which pixels are white, the others being black
};

/// A small square of black and white pixels that replaces those of the image: the trigger of
/// BadNets (Gu et al., 2017).
class PatchTrigger : public Trigger {
 public:
  /// Throws InvalidArgument for a place below 0 or a side below 1.
  explicit PatchTrigger(const PatchOptions& options = {});
  std::string name() const override { return "patch"; }
  at::Tensor stamp(const at::Tensor& images) const override;

 private:
  PatchOptions options_;
  at::Tensor pattern_;  // fp32 [side, side], 0 and 1
};

}  // namespace hadal::msp
