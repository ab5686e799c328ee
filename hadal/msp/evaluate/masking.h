#pragma once

#include "hadal/msp/attack/attack.h"

#include <cstdint>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

namespace hadal::msp {

struct MaskingOptions {
  Threat threat = {};  ///< linf or l2, of a finite epsilon
  int steps = 40;      ///< of the attack of many steps
  int queries = 500;   ///< of the attack without gradients, for each input
  RunOptions run = {};
};

/// One sign of gradient masking, and what was seen.
struct MaskingCheck {
  std::string name;
  bool passed = false;
  std::string text;  ///< figures, in a sentence
};

struct MaskingReport {
  std::vector<MaskingCheck> checks;
  /// False where any check fails: attacks that follow gradients then say little about a
  /// classifier's robustness, however few inputs they break.
  bool passed() const;
};

/// Looks for signs that gradients mislead attacks (Athalye et al., 2018, "Obfuscated gradients give
/// a false sense of security"; Carlini et al., 2019, "On evaluating adversarial robustness"):
/// - gradients: none at the clean inputs is 0 or not finite;
/// - surface: a small step along the gradient raises the loss of most inputs more than random ones;
/// - steps: an attack of one step breaks no more inputs than one of many;
/// - black box: an attack without gradients breaks no more than one with them;
/// - unbounded: where the whole range is allowed, every input is broken.
/// `inputs` are images [n, channels, height, width], of which one or more must be right. Throws
/// what Attack::run() throws.
MaskingReport check_masking(const Classifier& classifier, const at::Tensor& inputs,
                            const at::Tensor& labels, const MaskingOptions& options = {});

}  // namespace hadal::msp
