#pragma once

#include "hadal/hpts/precision/precision.h"

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace hadal::hpts {

/// What one layer does.
struct LayerPlan {
  Precision compute = Precision::fp32;
  SavedFormat saved = SavedFormat::exact;
  bool operator==(const LayerPlan&) const = default;
};

/// What each layer of a model does. A layer is a module that owns parameters itself, and its name
/// the dotted one that torch::nn::Module::named_modules gives ("layer1.0.conv1").
struct PrecisionPlan {
  LayerPlan otherwise = {};  ///< for layers that `layers` does not name
  std::map<std::string, LayerPlan, std::less<>> layers = {};

  const LayerPlan& of(std::string_view layer) const;
  bool operator==(const PrecisionPlan&) const = default;
};

}  // namespace hadal::hpts
