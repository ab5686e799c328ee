#pragma once

#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

namespace torch::nn {
class Module;
}

namespace hadal::hpts {

/// A parameter and the name that its optimizer state goes by.
struct NamedParameter {
  std::string name;
  at::Tensor tensor;
};

/// Parameters that share a learning rate and a weight decay.
struct ParameterGroup {
  std::vector<NamedParameter> parameters;
  double learning_rate = 1e-3;
  double weight_decay = 0;
};

/// The parameters of `module` that require gradients, by their dotted names, in the order of the
/// module.
std::vector<NamedParameter> named_parameters(const torch::nn::Module& module);

/// Two groups: what has two dimensions or more, with `weight_decay`, and biases and the parameters
/// of norms, without. A group that would be empty is left out.
std::vector<ParameterGroup> parameter_groups(const std::vector<NamedParameter>& parameters,
                                             double learning_rate, double weight_decay);

}  // namespace hadal::hpts
