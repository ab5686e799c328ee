#pragma once

#include "hadal/hpts/monitor/statistics.h"
#include "hadal/hpts/policy/policy.h"
#include "hadal/hpts/policy/steady.h"
#include "hadal/hpts/precision/history.h"
#include "hadal/hpts/precision/plan.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hadal::hpts {

struct ScheduleOptions {
  /// Steps from one observation to the next. To observe reads 1/8 of what a step moves at least
  /// (see GradientMonitor), so that each 16th costs below 1 % of any training.
  std::int64_t every = 16;
  int patience = 3;  ///< observations in a row that must wish for a change, from 1 to 1,000
  std::map<std::string, LayerPlan, std::less<>> pinned = {};  ///< layers that no policy changes
  /// Whether the device computes fp16 as fast as bf16. A CPU takes hundreds of times as long, so
  /// that layers chosen for fp16 run in bf16 there.
  bool computes_fp16 = false;
};

/// Holds the plan of a model's layers while a policy changes it.
///
///     const GradientMonitor monitor(*model);
///     PrecisionScheduler scheduler(monitor.layers(), underflow_policy());
///     ...
///     loss.backward();
///     if (scheduler.is_due(step) && scheduler.observe(step, monitor.observe())) {
///       ... apply scheduler.plan() ...
///     }
class PrecisionScheduler {
 public:
  /// Throws InvalidArgument for options out of range and pinned layers that are not in `layers`.
  PrecisionScheduler(std::vector<Layer> layers, std::unique_ptr<PrecisionPolicy> policy,
                     const ScheduleOptions& options = {});

  bool is_due(std::int64_t step) const { return step % options_.every == 0; }
  /// Takes the statistics of a step, one a layer; steps have to rise. Returns whether a layer's
  /// plan changed. Throws InvalidArgument for another number of layers or a step that is not after
  /// the last one.
  bool observe(std::int64_t step, std::span<const LayerStatistics> statistics);

  /// What the policy chose.
  const PrecisionPlan& chosen() const { return chosen_; }
  /// What the device runs: as chosen, but for fp16 on one that does not compute it. The first layer
  /// to which that happens is logged as a warning.
  const PrecisionPlan& plan() const { return plan_; }
  const PlanHistory& history() const { return history_; }

  /// All that restore() needs to go on as if nothing had been in between, as JSON.
  std::string state() const;
  /// Throws FormatError for a text that state() did not write, naming `place` and the member, and
  /// InvalidArgument for that of another model or policy; the scheduler stays as it was then.
  void restore(std::string_view text, const std::string& place);

 private:
  bool observe_layer(std::int64_t step, std::size_t layer, const LayerStatistics& statistics);
  void publish();

  std::vector<Layer> layers_;
  std::unique_ptr<PrecisionPolicy> policy_;
  ScheduleOptions options_;
  std::vector<SteadyPlan> states_;  // of each layer
  PlanHistory history_;
  PrecisionPlan chosen_;
  PrecisionPlan plan_;
  bool told_ = false;
};

}  // namespace hadal::hpts
