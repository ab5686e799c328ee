#pragma once

#include "hadal/hpts/monitor/statistics.h"
#include "hadal/hpts/precision/layers.h"
#include "hadal/hpts/precision/plan.h"

#include <optional>
#include <string>
#include <string_view>

namespace hadal::hpts {

/// What a policy would have a layer do, and why, with the measured numbers.
struct Wish {
  LayerPlan plan;
  std::string reason;
};

/// Decides from one step's statistics what a layer should do. Policies keep no state:
/// PrecisionScheduler holds what layers do now, and waits until a wish has come often enough.
class PrecisionPolicy {
 public:
  virtual ~PrecisionPolicy() = default;
  virtual std::string_view name() const = 0;
  /// What `layer` does before anything was measured.
  virtual LayerPlan start(const Layer& layer) const = 0;
  /// What `layer`, which does `now`, should do; nothing where `statistics` give no reason to judge.
  virtual std::optional<Wish> wish(const Layer& layer, const LayerStatistics& statistics,
                                   const LayerPlan& now) const = 0;
};

}  // namespace hadal::hpts
