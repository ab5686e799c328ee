#include "hadal/msp/attack/stand_in.h"

#include "hadal/core/error.h"

#include <utility>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/softmax.h>

namespace hadal::msp {
namespace {

constexpr double kLeast = 1e-30;  // a probability, whose logarithm is finite in fp32

}  // namespace

StandInAttack::StandInAttack(std::string name, std::shared_ptr<const Attack> inner,
                             StandIn stand_in)
    : name_(std::move(name)), inner_(std::move(inner)), stand_in_(std::move(stand_in)) {
  if (!inner_ || !stand_in_) {
    throw InvalidArgument("stand-in attack: expected an attack, and what it is run on");
  }
}

at::Tensor StandInAttack::find(const Problem& problem) const {
  return problem.on(stand_in_(problem.classifier()),
                    [&](const Problem& other) { return inner_->find(other); });
}

std::shared_ptr<const Attack> transfer_attack(std::shared_ptr<const Attack> inner,
                                              Classifier surrogate) {
  std::string name = inner ? "transferred " + inner->name() : "";
  return std::make_shared<StandInAttack>(
      std::move(name), std::move(inner),
      [surrogate = std::move(surrogate)](const Classifier&) { return surrogate; });
}

std::shared_ptr<const Attack> expectation_attack(std::shared_ptr<const Attack> inner, int draws) {
  if (draws < 1) {
    throw InvalidArgument(concat("expectation attack: expected 1 or more draws, got ", draws));
  }
  std::string name = inner ? concat("expected ", inner->name(), " of ", draws, " draws") : "";
  return std::make_shared<StandInAttack>(std::move(name), std::move(inner),
                                         [draws](const Classifier& target) -> Classifier {
                                           return [&target, draws](const at::Tensor& x) {
                                             at::Tensor sum = at::softmax(target(x), 1);
                                             for (int i = 1; i < draws; ++i)
                                               sum = sum + at::softmax(target(x), 1);
                                             return (sum / draws).clamp_min(kLeast).log();
                                           };
                                         });
}

at::Tensor straight_through(const at::Tensor& x,
                            const std::function<at::Tensor(const at::Tensor&)>& forward,
                            const std::function<at::Tensor(const at::Tensor&)>& backward) {
  const at::Tensor value = [&] {
    const at::NoGradGuard no_grad;
    return forward(x.detach());
  }();
  if (!at::GradMode::is_enabled() || !x.requires_grad()) return value;
  const at::Tensor differentiable = backward(x);
  return differentiable + (value - differentiable).detach();
}

}  // namespace hadal::msp
