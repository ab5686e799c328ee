#include "hadal/msp/attack/auto_attack.h"

#include "hadal/core/error.h"
#include "hadal/msp/attack/apgd.h"
#include "hadal/msp/attack/fab.h"
#include "hadal/msp/attack/square.h"

namespace hadal::msp {
namespace {

constexpr int kTargets = 9;
constexpr int kPlusRestarts = 5;

std::unique_ptr<Attack> apgd(const Threat& threat, Loss loss, int restarts) {
  return std::make_unique<Apgd>(ApgdOptions{.threat = threat, .restarts = restarts, .loss = loss});
}

std::unique_ptr<Attack> targeted_apgd(const Threat& threat) {
  return std::make_unique<Apgd>(ApgdOptions{.threat = threat, .target_classes = kTargets});
}

std::unique_ptr<Attack> fab(const Threat& threat, int restarts, int targets) {
  return std::make_unique<Fab>(
      FabOptions{.threat = threat, .restarts = restarts, .target_classes = targets});
}

}  // namespace

std::vector<std::unique_ptr<Attack>> auto_attack_parts(const Threat& threat,
                                                       AutoAttackVersion version) {
  if (threat.norm == Norm::l1) {
    throw InvalidArgument("autoattack: expected linf or l2, got l1", "use Pgd and Fab for l1");
  }
  std::vector<std::unique_ptr<Attack>> parts;
  if (version == AutoAttackVersion::standard) {
    parts.push_back(apgd(threat, Loss::cross_entropy, 1));
    parts.push_back(targeted_apgd(threat));
    parts.push_back(fab(threat, 1, kTargets));
    parts.push_back(std::make_unique<Square>(SquareOptions{.threat = threat}));
    return parts;
  }
  parts.push_back(apgd(threat, Loss::cross_entropy, kPlusRestarts));
  parts.push_back(apgd(threat, Loss::logit_ratio, kPlusRestarts));
  parts.push_back(fab(threat, kPlusRestarts, 0));
  parts.push_back(std::make_unique<Square>(SquareOptions{.threat = threat}));
  parts.push_back(targeted_apgd(threat));
  parts.push_back(fab(threat, 1, kTargets));
  return parts;
}

AutoAttack::AutoAttack(const Threat& threat, AutoAttackVersion version)
    : threat_(threat), version_(version), parts_(auto_attack_parts(threat, version)) {}

std::string AutoAttack::name() const {
  return version_ == AutoAttackVersion::standard ? "autoattack" : "autoattack-plus";
}

at::Tensor AutoAttack::find(const Problem& problem) const {
  return with_restarts(problem, static_cast<int>(parts_.size()), [&](const Problem& open, int run) {
    return parts_[static_cast<std::size_t>(run)]->find(open);
  });
}

}  // namespace hadal::msp
