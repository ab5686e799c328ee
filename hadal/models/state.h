#pragma once

#include <map>
#include <string>

#include <ATen/core/Tensor.h>

namespace torch::nn {
class Module;
}

namespace hadal {
class SafetensorsReader;
}

namespace hadal::models {

/// The parameters and buffers of `module` by their dotted names ("layer1.0.conv1.weight"), detached
/// from autograd and sharing storage with the module. The counter `num_batches_tracked` of batch
/// norm is left out: it is unused where the momentum is fixed, as in all models here, and published
/// checkpoints often lack it.
std::map<std::string, at::Tensor> state(const torch::nn::Module& module);

/// Copies `tensors` into the parameters and buffers that state() names, converting between floating
/// point types and devices; `num_batches_tracked` is ignored. Throws InvalidArgument, with the
/// module left as it was, where names are missing or unexpected, a shape differs, or a tensor is
/// floating point on one side only; the message lists up to five of each kind.
void load_state(torch::nn::Module& module, const std::map<std::string, at::Tensor>& tensors);

/// The same for all tensors of a checkpoint file or folder.
void load_state(torch::nn::Module& module, const SafetensorsReader& checkpoint);

}  // namespace hadal::models
