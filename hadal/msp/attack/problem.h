#pragma once

#include "hadal/msp/attack/classifier.h"
#include "hadal/msp/attack/goal.h"
#include "hadal/msp/attack/streams.h"
#include "hadal/msp/attack/threat.h"

#include <cstdint>
#include <functional>
#include <string_view>

#include <ATen/core/Tensor.h>

namespace hadal::msp {

/// What an attack has asked of a classifier.
struct Effort {
  std::int64_t forwards = 0;          ///< inputs that went through, those with gradients included
  std::int64_t gradients = 0;         ///< inputs whose gradient was computed
  std::int64_t zero_gradients = 0;    ///< of these, those whose gradient was 0 in every element
  std::int64_t broken_gradients = 0;  ///< and those with an element that is not finite, taken for 0
};

/// Logits [n, classes], and of a loss of them its value, [n], and its gradient at the inputs,
/// [n, ...].
struct Evaluation {
  at::Tensor logits;
  at::Tensor loss;
  at::Tensor gradient;
};

/// What an attack is to solve: inputs that the classifier gets right, and what may be done to them.
/// Copies are cheap, and count in the same Effort.
class Problem {
 public:
  struct Source {
    const Classifier& classifier;
    std::uint64_t seed = 0;
    std::function<void()> check_interrupt = [] {};
    Effort effort = {};
  };

  /// Refers to `source`. `places`, int64 [n], are those of the inputs in the whole.
  Problem(Source& source, const Threat& threat, at::Tensor inputs, Goal goal, at::Tensor places);

  const at::Tensor& inputs() const { return inputs_; }
  const Goal& goal() const { return goal_; }
  const Threat& threat() const { return threat_; }
  std::int64_t size() const { return inputs_.size(0); }

  /// Without gradients. Throws InvalidArgument unless the classifier gives [n, classes] of 2 or
  /// more, and Error where a logit is not finite, as no class could be read from it.
  at::Tensor logits(const at::Tensor& points) const;
  /// The gradient of a loss [n] of the logits. Throws as logits(), and InvalidArgument where the
  /// classifier is not differentiable.
  Evaluation evaluate(const at::Tensor& points,
                      const std::function<at::Tensor(const at::Tensor& logits)>& loss) const;
  /// Logits, and the gradient of each difference that `differences` [n, k] makes of them:
  /// [n, k, ...].
  Evaluation jacobian(const at::Tensor& points,
                      const std::function<at::Tensor(const at::Tensor& logits)>& differences) const;
  /// bool [n]: which points reach the goal within the threat's epsilon.
  at::Tensor solved(const at::Tensor& points) const;

  Streams streams(std::string_view purpose, int run) const;
  /// That of the rows `index`, int64 [m].
  Problem rows(const at::Tensor& index) const;
  /// Calls `work` with the same problem for another classifier, whose effort counts as this one's.
  at::Tensor on(const Classifier& classifier,
                const std::function<at::Tensor(const Problem&)>& work) const;
  const Classifier& classifier() const { return source_->classifier; }

 private:
  at::Tensor checked(const at::Tensor& points) const;
  /// Logits of x that carry a gradient to it. Throws InvalidArgument where they do not.
  at::Tensor differentiable(const at::Tensor& x) const;
  at::Tensor usable(const at::Tensor& gradient) const;

  Source* source_;
  Threat threat_;
  at::Tensor inputs_;
  Goal goal_;
  at::Tensor places_;
};

}  // namespace hadal::msp
