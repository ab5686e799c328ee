#pragma once

#include "hadal/msp/attack/attack.h"

#include <memory>
#include <string>
#include <vector>

namespace hadal::msp {

/// The attacks of AutoAttack (Croce and Hein, 2020, "Reliable evaluation"), with its parameters.
enum class AutoAttackVersion {
  standard,  ///< APGD-CE, APGD-T, FAB-T and Square
  plus,      ///< APGD-CE and APGD-DLR with 5 restarts each, FAB with 5, Square, APGD-T and FAB-T
};

/// The attacks in their order. Throws InvalidArgument for l1.
std::vector<std::unique_ptr<Attack>> auto_attack_parts(
    const Threat& threat, AutoAttackVersion version = AutoAttackVersion::standard);

/// All of auto_attack_parts(), each on the inputs that none before has solved.
class AutoAttack : public Attack {
 public:
  /// Throws InvalidArgument for l1 and an infinite epsilon.
  explicit AutoAttack(const Threat& threat = {},
                      AutoAttackVersion version = AutoAttackVersion::standard);
  std::string name() const override;
  const Threat& threat() const override { return threat_; }
  at::Tensor find(const Problem& problem) const override;

 private:
  Threat threat_;
  AutoAttackVersion version_;
  std::vector<std::unique_ptr<Attack>> parts_;
};

}  // namespace hadal::msp
