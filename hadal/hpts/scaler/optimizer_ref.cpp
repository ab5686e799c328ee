#include "hadal/hpts/scaler/optimizer_ref.h"

#include <torch/optim/optimizer.h>

namespace hadal::hpts {

// Its parameters() are those of the first group only.
OptimizerRef::OptimizerRef(torch::optim::Optimizer& optimizer)
    : identity_(&optimizer),
      parameters_([&optimizer] {
        std::vector<at::Tensor> result;
        for (const auto& group : optimizer.param_groups()) {
          result.insert(result.end(), group.params().begin(), group.params().end());
        }
        return result;
      }),
      step_([&optimizer] { optimizer.step(); }) {}

}  // namespace hadal::hpts
