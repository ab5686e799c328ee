#include "hadal/models/llama/weights.h"

#include "hadal/core/safetensors/reader.h"
#include "hadal/models/llama/checkpoint.h"
#include "hadal/models/llama/tensors.h"

namespace hadal::models {

LlamaWeights read_llama(const std::filesystem::path& folder) {
  LlamaWeights weights{.config = read_llama_config(folder), .tensors = {}};
  const SafetensorsReader reader(check_checkpoint(weights.config, folder));
  for_each_tensor(weights.config, [&](const LlamaTensor& tensor) {
    weights.tensors.emplace(tensor.name, reader.tensor(tensor.name));
  });
  return weights;
}

}  // namespace hadal::models
