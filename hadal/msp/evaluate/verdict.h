#pragma once

#include "hadal/msp/evaluate/masking.h"
#include "hadal/msp/evaluate/robustness.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <ATen/core/Tensor.h>

namespace hadal::msp {

/// What follows FGSM, from the quickest to the strongest.
enum class VerdictAttacks {
  pgd,          ///< 40 steps on the margin
  apgd,         ///< of AutoAttack's parts APGD-CE and APGD-T
  auto_attack,  ///< APGD-CE, APGD-T, FAB-T and Square
};

/// "pgd", "apgd" and "autoattack", in that order.
const std::vector<std::string>& verdict_attack_names();
/// Throws InvalidArgument, listing the names, for another.
VerdictAttacks parse_verdict_attacks(std::string_view name);

struct VerdictOptions {
  Threat threat = {};  ///< linf or l2, of a finite epsilon
  VerdictAttacks attacks = VerdictAttacks::auto_attack;
  std::int64_t masking_images = 200;  ///< that the checks for masking see, from the first
  RunOptions run = {};
};

/// How robust a classifier is, and whether that can be believed.
struct RobustnessVerdict {
  Robustness robustness;  ///< each attack on what those before have left, FGSM first
  MaskingReport masking;
  /// Of the inputs that are right without an attack, the share that FGSM breaks, and any.
  Share fgsm_success, any_success;
  bool passed() const { return masking.passed(); }
  /// Lines for people: each attack, the worst, and the checks that failed.
  std::string text() const;
};

/// Runs the attacks, each on what is left, and the checks for gradient masking. Throws what
/// evaluate_robustness() and check_masking() throw.
RobustnessVerdict judge_robustness(const Classifier& classifier, const at::Tensor& inputs,
                                   const at::Tensor& labels, const VerdictOptions& options = {});

}  // namespace hadal::msp
