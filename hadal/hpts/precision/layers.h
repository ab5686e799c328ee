#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <ATen/core/Tensor.h>

namespace torch::nn {
class Module;
}

namespace hadal::hpts {

/// What a layer is to the model, as far as its precision goes:
/// inner  any other
/// norm   no parameter has more than one dimension: a norm, a bias, a scale
/// first  the first layer that is no norm: it sees the data, or embeds tokens
/// last   the last layer that is no norm: it makes the outputs
enum class LayerRole { inner, norm, first, last };

/// A module that owns parameters itself.
struct Layer {
  std::string name;  ///< dotted, as torch::nn::Module::named_modules gives it; "" for the model
  LayerRole role = LayerRole::inner;
  /// Its own parameters that need a gradient, without those that an earlier layer shares.
  std::vector<at::Tensor> parameters = {};
};

/// The layers of `model`, in the order in which modules were registered, parents before children;
/// first and last are told by that order, so register modules in the order of the forward.
std::vector<Layer> layers_of(const torch::nn::Module& model);

}  // namespace hadal::hpts
