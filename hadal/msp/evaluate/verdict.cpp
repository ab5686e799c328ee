#include "hadal/msp/evaluate/verdict.h"

#include "hadal/core/error.h"
#include "hadal/core/text.h"
#include "hadal/msp/attack/auto_attack.h"
#include "hadal/msp/attack/fgsm.h"
#include "hadal/msp/attack/pgd.h"

#include <algorithm>
#include <iomanip>
#include <limits>
#include <sstream>
#include <utility>

#include <ATen/core/Tensor.h>

namespace hadal::msp {
namespace {

constexpr int kPgdSteps = 40;
constexpr std::size_t kApgdParts = 2;  // of AutoAttack, the first

std::vector<std::shared_ptr<const Attack>> attacks_of(const VerdictOptions& options) {
  const Threat& threat = options.threat;
  std::vector<std::shared_ptr<const Attack>> attacks{
      std::make_shared<Fgsm>(FgsmOptions{.threat = threat})};
  if (options.attacks == VerdictAttacks::pgd) {
    const double step_size =
        std::max(threat.epsilon * 2.5 / kPgdSteps, std::numeric_limits<double>::min());
    attacks.push_back(std::make_shared<Pgd>(PgdOptions{
        .threat = threat, .steps = kPgdSteps, .step_size = step_size, .loss = Loss::margin}));
    return attacks;
  }
  auto parts = auto_attack_parts(threat);
  if (options.attacks == VerdictAttacks::apgd) parts.resize(kApgdParts);
  for (auto& part : parts) attacks.push_back(std::move(part));
  return attacks;
}

/// Of the inputs that are right, those that are not `robust`.
Share broken_of_right(const Share& accuracy, const Share& robust) {
  return share_of(accuracy.count - robust.count, std::max<std::int64_t>(1, accuracy.count));
}

std::string percent(const Share& share) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(1) << 100 * share.value << " % ["
       << 100 * share.interval.low << ", " << 100 * share.interval.high << "]";
  return text.str();
}

}  // namespace

const std::vector<std::string>& verdict_attack_names() {
  static const std::vector<std::string> names{"pgd", "apgd", "autoattack"};
  return names;
}

VerdictAttacks parse_verdict_attacks(std::string_view name) {
  const auto& names = verdict_attack_names();
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) {
    throw InvalidArgument(concat("attacks: expected one of ", join(names), ", not ", quote(name)));
  }
  return static_cast<VerdictAttacks>(found - names.begin());
}

std::string RobustnessVerdict::text() const {
  std::string text = concat("accuracy without an attack: ", percent(robustness.accuracy));
  for (const AttackOutcome& outcome : robustness.attacks) {
    text += concat("\nright and not broken up to ", outcome.name, ": ", percent(outcome.robust));
  }
  text += concat("\nrobust accuracy: ", percent(robustness.worst));
  for (const MaskingCheck& check : masking.checks) {
    text += concat("\nmasking, ", check.name, ": ", check.passed ? "passed" : "FAILED", " (",
                   check.text, ")");
  }
  return text;
}

RobustnessVerdict judge_robustness(const Classifier& classifier, const at::Tensor& inputs,
                                   const at::Tensor& labels, const VerdictOptions& options) {
  RobustnessVerdict verdict;
  verdict.robustness = evaluate_robustness(classifier, inputs, labels, attacks_of(options),
                                           Cascade::left, options.run);
  verdict.masking = check_masking(classifier, inputs.slice(0, 0, options.masking_images),
                                  labels.slice(0, 0, options.masking_images),
                                  {.threat = options.threat, .run = options.run});
  const Robustness& robustness = verdict.robustness;
  verdict.fgsm_success = broken_of_right(robustness.accuracy, robustness.attacks.front().robust);
  verdict.any_success = broken_of_right(robustness.accuracy, robustness.worst);
  return verdict;
}

}  // namespace hadal::msp
