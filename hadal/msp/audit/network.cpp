#include "hadal/msp/audit/network.h"

#include "hadal/core/error.h"
#include "hadal/core/text.h"
#include "hadal/hpts/train/image_input.h"
#include "hadal/models/state.h"

#include <array>

#include <torch/nn/module.h>

namespace hadal::msp {
namespace {

constexpr std::int64_t kMostClasses = 1'000;

/// What the last layers of the networks are called.
constexpr std::array<const char*, 3> kLastLayers = {"linear.weight", "linear2.weight", "fc.weight"};

/// Whether `weights` have the names and shapes of `module`, whatever they have besides.
bool fit(const torch::nn::Module& module, const SafetensorsReader& weights) {
  for (const auto& [name, tensor] : models::state(module)) {
    if (!weights.contains(name) || weights.info(name).shape != tensor.sizes().vec()) return false;
  }
  return true;
}

}  // namespace

at::Tensor LoadedNetwork::classify(const at::Tensor& images) const {
  if (images.size(1) != 1 && images.size(1) != network.channels) {
    throw InvalidArgument(concat(name, ": expected grey images or ones of ", network.channels,
                                 " channels, got ", images.size(1)));
  }
  return network.forward(hpts::network_input(images, network.channels, network.size));
}

LoadedNetwork recognize_network(const SafetensorsReader& weights) {
  for (const std::string& name : hpts::image_model_names()) {
    for (const char* last : kLastLayers) {
      if (!weights.contains(last) || weights.info(last).shape.size() != 2) continue;
      const std::int64_t classes = weights.info(last).shape[0];
      if (classes < 2 || classes > kMostClasses) continue;
      LoadedNetwork loaded{
          .name = name, .classes = classes, .network = hpts::make_image_network(name, classes)};
      torch::nn::Module& module = *loaded.network.module;
      if (!fit(module, weights)) continue;
      models::load_state(module, weights);
      module.eval();
      for (at::Tensor& parameter : module.parameters()) parameter.requires_grad_(false);
      return loaded;
    }
  }
  throw InvalidArgument("the weights are not those of a network for images that Hadal has",
                        "known are " + join(hpts::image_model_names()));
}

}  // namespace hadal::msp
