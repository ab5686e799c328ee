#include "hadal/hpts/precision/plan.h"

namespace hadal::hpts {

const LayerPlan& PrecisionPlan::of(std::string_view layer) const {
  const auto found = layers.find(layer);
  return found == layers.end() ? otherwise : found->second;
}

}  // namespace hadal::hpts
