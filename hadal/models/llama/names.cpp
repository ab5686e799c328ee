#include "hadal/models/llama/config.h"

#include <algorithm>
#include <cmath>

namespace hadal::models {

std::string_view name_of(LlamaFamily family) {
  switch (family) {
    case LlamaFamily::llama:
      return "llama";
    case LlamaFamily::mistral:
      return "mistral";
    case LlamaFamily::qwen2:
      return "qwen2";
    case LlamaFamily::qwen3:
      return "qwen3";
  }
  return "unknown";
}

std::string_view name_of(RopeScaling scaling) {
  switch (scaling) {
    case RopeScaling::none:
      return "default";
    case RopeScaling::linear:
      return "linear";
    case RopeScaling::dynamic:
      return "dynamic";
    case RopeScaling::llama3:
      return "llama3";
    case RopeScaling::yarn:
      return "yarn";
  }
  return "unknown";
}

std::int64_t LlamaConfig::context() const {
  // Published configurations give linear and dynamic ones the positions before scaling, and yarn
  // ones either; vLLM takes them the same way.
  const bool stretches = rope.scaling == RopeScaling::linear ||
                         rope.scaling == RopeScaling::dynamic || rope.scaling == RopeScaling::yarn;
  if (!stretches) return positions;
  const std::int64_t before = rope.scaling == RopeScaling::yarn ? rope.trained : positions;
  const double stretched = std::floor(static_cast<double>(before) * rope.factor);
  return std::max(positions, static_cast<std::int64_t>(stretched));
}

}  // namespace hadal::models
