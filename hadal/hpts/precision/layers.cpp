#include "hadal/hpts/precision/layers.h"

#include <algorithm>
#include <unordered_set>

#include <torch/nn/module.h>

namespace hadal::hpts {
namespace {

using Seen = std::unordered_set<const c10::TensorImpl*>;

void add_layers(const torch::nn::Module& module, const std::string& name, Seen& seen,
                std::vector<Layer>& layers) {
  const auto own = module.named_parameters(/*recurse=*/false);
  if (!own.is_empty()) {
    Layer layer{.name = name, .role = LayerRole::norm};
    for (const auto& item : own) {
      const at::Tensor& parameter = item.value();
      if (parameter.dim() > 1) layer.role = LayerRole::inner;
      if (!parameter.requires_grad()) continue;
      if (seen.insert(parameter.unsafeGetTensorImpl()).second)
        layer.parameters.push_back(parameter);
    }
    layers.push_back(std::move(layer));
  }
  for (const auto& child : module.named_children()) {
    add_layers(*child.value(), name.empty() ? child.key() : name + "." + child.key(), seen, layers);
  }
}

}  // namespace

std::vector<Layer> layers_of(const torch::nn::Module& model) {
  std::vector<Layer> layers;
  Seen seen;
  add_layers(model, "", seen, layers);
  const auto is_inner = [](const Layer& layer) { return layer.role == LayerRole::inner; };
  if (const auto last = std::find_if(layers.rbegin(), layers.rend(), is_inner);
      last != layers.rend()) {
    last->role = LayerRole::last;
  }
  if (const auto first = std::find_if(layers.begin(), layers.end(), is_inner);
      first != layers.end()) {
    first->role = LayerRole::first;
  }
  return layers;
}

}  // namespace hadal::hpts
