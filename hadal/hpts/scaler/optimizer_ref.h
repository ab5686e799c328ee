#pragma once

#include <functional>
#include <type_traits>
#include <vector>

#include <ATen/core/Tensor.h>

namespace torch::optim {
class Optimizer;
}

namespace hadal::hpts {

/// What a GradScaler needs of an optimizer, whose it is: a hadal::hpts::Optimizer, or anything else
/// with parameters() and step(), or a torch::optim::Optimizer. Refers to the optimizer.
class OptimizerRef {
 public:
  template <class AnyOptimizer>
    requires(!std::is_convertible_v<AnyOptimizer*, torch::optim::Optimizer*> &&
             requires(AnyOptimizer& any) {
               std::vector<at::Tensor>(any.parameters());
               any.step();
             })
  OptimizerRef(AnyOptimizer& optimizer)  // NOLINT: stands for the optimizer
      : identity_(&optimizer),
        parameters_([&optimizer] { return std::vector<at::Tensor>(optimizer.parameters()); }),
        step_([&optimizer] { optimizer.step(); }) {}
  OptimizerRef(torch::optim::Optimizer& optimizer);  // NOLINT: stands for the optimizer

  const void* identity() const { return identity_; }
  std::vector<at::Tensor> parameters() const { return parameters_(); }
  void step() const { step_(); }

 private:
  const void* identity_;
  std::function<std::vector<at::Tensor>()> parameters_;
  std::function<void()> step_;
};

}  // namespace hadal::hpts
