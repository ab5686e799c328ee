#pragma once

#include "hadal/msp/attack/apgd.h"
#include "hadal/msp/attack/auto_attack.h"
#include "hadal/msp/attack/bim.h"
#include "hadal/msp/attack/carlini_wagner.h"
#include "hadal/msp/attack/deep_fool.h"
#include "hadal/msp/attack/fab.h"
#include "hadal/msp/attack/fgsm.h"
#include "hadal/msp/attack/mi_fgsm.h"
#include "hadal/msp/attack/pgd.h"
#include "hadal/msp/attack/square.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace hadal::msp::testing {

using NamedAttack = std::pair<std::string, std::shared_ptr<const Attack>>;

/// Every attack for every norm that it takes, short enough for small classifiers, with an epsilon
/// that breaks some of the inputs of bent().
inline std::vector<NamedAttack> all_attacks() {
  const Threat linf{.norm = Norm::linf, .epsilon = 0.04};
  const Threat l2{.norm = Norm::l2, .epsilon = 0.25};
  const Threat l1{.norm = Norm::l1, .epsilon = 1.2};
  std::vector<NamedAttack> all;
  const auto add = [&](const std::string& name, auto attack) {
    all.emplace_back(name, std::make_shared<decltype(attack)>(std::move(attack)));
  };
  add("fgsm_linf", Fgsm({.threat = linf}));
  add("fgsm_l2", Fgsm({.threat = l2}));
  add("fgsm_l1", Fgsm({.threat = l1}));
  add("bim", Bim({.threat = linf, .steps = 7, .step_size = 0.01}));
  add("mi_fgsm", MiFgsm({.threat = linf, .steps = 7, .step_size = 0.01}));
  add("pgd_linf", Pgd({.threat = linf, .steps = 7, .step_size = 0.01, .restarts = 2}));
  add("pgd_l2", Pgd({.threat = l2, .steps = 7, .step_size = 0.06, .restarts = 2}));
  add("pgd_l1", Pgd({.threat = l1, .steps = 7, .step_size = 0.4, .restarts = 2}));
  add("pgd_last", Pgd({.threat = linf, .steps = 7, .step_size = 0.01, .early_stop = false}));
  add("deepfool_l2", DeepFool({.threat = l2}));
  add("deepfool_linf", DeepFool({.threat = linf}));
  add("carlini_wagner", CarliniWagner({.threat = l2, .searches = 4, .steps = 60}));
  add("apgd_ce_linf", Apgd({.threat = linf, .steps = 20}));
  add("apgd_ce_l2", Apgd({.threat = l2, .steps = 20, .restarts = 2}));
  add("apgd_dlr", Apgd({.threat = linf, .steps = 20, .loss = Loss::logit_ratio}));
  add("apgd_t", Apgd({.threat = linf, .steps = 10, .target_classes = 9}));
  add("fab_linf", Fab({.threat = linf, .steps = 10, .restarts = 2}));
  add("fab_l2", Fab({.threat = l2, .steps = 10}));
  add("fab_l1", Fab({.threat = l1, .steps = 10}));
  add("fab_t", Fab({.threat = linf, .steps = 10, .target_classes = 9}));
  add("square_linf", Square({.threat = linf, .queries = 60}));
  add("square_l2", Square({.threat = l2, .queries = 60}));
  return all;
}

}  // namespace hadal::msp::testing
