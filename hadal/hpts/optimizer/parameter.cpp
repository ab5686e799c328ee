#include "hadal/hpts/optimizer/parameter.h"

#include <torch/nn/module.h>

namespace hadal::hpts {

std::vector<NamedParameter> named_parameters(const torch::nn::Module& module) {
  std::vector<NamedParameter> result;
  for (const auto& parameter : module.named_parameters()) {
    if (parameter.value().requires_grad()) result.push_back({parameter.key(), parameter.value()});
  }
  return result;
}

std::vector<ParameterGroup> parameter_groups(const std::vector<NamedParameter>& parameters,
                                             double learning_rate, double weight_decay) {
  ParameterGroup matrices{{}, learning_rate, weight_decay};
  ParameterGroup vectors{{}, learning_rate, 0};
  for (const auto& parameter : parameters) {
    (parameter.tensor.dim() < 2 ? vectors : matrices).parameters.push_back(parameter);
  }
  std::vector<ParameterGroup> groups;
  for (auto& group : {matrices, vectors}) {
    if (!group.parameters.empty()) groups.push_back(group);
  }
  return groups;
}

}  // namespace hadal::hpts
