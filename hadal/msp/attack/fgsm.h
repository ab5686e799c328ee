#pragma once

#include "hadal/msp/attack/attack.h"
#include "hadal/msp/attack/loss.h"

#include <string>

namespace hadal::msp {

struct FgsmOptions {
  Threat threat = {};
  Loss loss = Loss::cross_entropy;
};

/// The fast gradient sign method (Goodfellow et al., 2015): one step of the whole epsilon in the
/// direction of steepest ascent, which is the gradient's sign for linf.
class Fgsm : public Attack {
 public:
  /// Throws InvalidArgument for an infinite epsilon.
  explicit Fgsm(const FgsmOptions& options = {});
  std::string name() const override { return "fgsm"; }
  const Threat& threat() const override { return options_.threat; }
  at::Tensor find(const Problem& problem) const override;

 private:
  FgsmOptions options_;
};

}  // namespace hadal::msp
