#pragma once

#include "hadal/msp/attack/attack.h"
#include "hadal/msp/attack/classifier.h"

#include <memory>
#include <vector>

namespace hadal::msp {

struct AntiAdversaryOptions {
  int steps = 2;
  double step_size = 0.15;  ///< of each element of the inputs, a step
  /// Gradients go through the steps too, with that of tanh for the sign's: for attacks that know of
  /// the layer. Outputs are the same.
  bool unrolled = false;
};

/// The anti-adversary layer, a published defence at test time (Alfarra et al., 2022, "Combating
/// adversaries with anti-adversaries"): before `base` classifies x, signed steps against the
/// gradient of the cross-entropy of the class that it takes x for move x to where it is surer of
/// that class. It trains nothing. Here as a reference: attacks along its gradients seem to fail,
/// and those that know of it, of anti_adversary_attacks(), break it (Croce et al., 2022,
/// "Evaluating the adversarial robustness of adaptive test-time defenses"). Throws InvalidArgument
/// for options out of range.
Classifier anti_adversary(Classifier base, const AntiAdversaryOptions& options = {});

/// Attacks on anti_adversary(base, options) that know how it works: PGD on `base`, whose points are
/// carried over, and PGD through the unrolled steps; and Square, which needs no gradient.
std::vector<std::shared_ptr<const Attack>> anti_adversary_attacks(
    const Classifier& base, const Threat& threat, const AntiAdversaryOptions& options = {});

}  // namespace hadal::msp
