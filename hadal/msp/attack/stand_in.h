#pragma once

#include "hadal/msp/attack/attack.h"

#include <functional>
#include <memory>
#include <string>

namespace hadal::msp {

/// Runs an attack on a stand-in for the classifier, and leaves the judgement to the classifier:
/// what adaptive attacks on defences do, whose own gradients mislead.
class StandInAttack : public Attack {
 public:
  /// What is attacked instead of a classifier.
  using StandIn = std::function<Classifier(const Classifier& target)>;

  /// Throws InvalidArgument where there is no attack or no stand-in.
  StandInAttack(std::string name, std::shared_ptr<const Attack> inner, StandIn stand_in);
  std::string name() const override { return name_; }
  const Threat& threat() const override { return inner_->threat(); }
  at::Tensor find(const Problem& problem) const override;

 private:
  std::string name_;
  std::shared_ptr<const Attack> inner_;
  StandIn stand_in_;
};

/// Points that are found on another classifier, `surrogate` (Papernot et al., 2016). An attack that
/// makes all its steps, such as Pgd without early stops, carries over better.
std::shared_ptr<const Attack> transfer_attack(std::shared_ptr<const Attack> inner,
                                              Classifier surrogate);

/// For a classifier that draws random numbers: follows the logarithm of its mean probabilities over
/// `draws` calls, which gives the expectation over the randomness (EOT; Athalye et al., 2018,
/// "Synthesizing robust adversarial examples"). Throws InvalidArgument for less than one draw.
std::shared_ptr<const Attack> expectation_attack(std::shared_ptr<const Attack> inner, int draws);

/// forward(x) with the gradient of backward(x), which has its shape: for parts of a classifier that
/// have no useful gradient (BPDA; Athalye et al., 2018, "Obfuscated gradients"). A defence is
/// attacked through a stand-in in which such a part is replaced.
at::Tensor straight_through(const at::Tensor& x,
                            const std::function<at::Tensor(const at::Tensor&)>& forward,
                            const std::function<at::Tensor(const at::Tensor&)>& backward);

}  // namespace hadal::msp
