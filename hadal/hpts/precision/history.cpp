#include "hadal/hpts/precision/history.h"

#include "hadal/core/error.h"
#include "hadal/core/text.h"

#include <map>
#include <string_view>

namespace hadal::hpts {
namespace {

std::size_t index_of(auto value) { return static_cast<std::size_t>(value); }

void add(const LayerPlan& plan, std::int64_t count, PlanCounts& to) {
  to.compute[index_of(plan.compute)] += count;
  to.saved[index_of(plan.saved)] += count;
}

[[noreturn]] void refuse(std::size_t change, const std::string& what) {
  throw InvalidArgument(concat("history.changes[", change, "]: ", what));
}

}  // namespace

std::vector<PlanCounts> counts_over_time(const PlanHistory& history) {
  std::vector<PlanCounts> counts(1);
  for (const LayerPlan& plan : history.start) add(plan, 1, counts.back());
  for (const PlanChange& change : history.changes) {
    if (counts.back().step != change.step + 1) {
      counts.push_back(counts.back());
      counts.back().step = change.step + 1;
    }
    add(change.from, -1, counts.back());
    add(change.to, 1, counts.back());
  }
  return counts;
}

void validate(const PlanHistory& history) {
  if (history.start.size() != history.layers.size()) {
    throw InvalidArgument(concat("history.start: expected a plan for each of ",
                                 history.layers.size(), " layers, found ", history.start.size()));
  }
  if (history.steps < 0) throw InvalidArgument("history.steps: expected 0 or more");
  std::map<std::string_view, LayerPlan> now;
  for (std::size_t i = 0; i < history.layers.size(); ++i) {
    if (!now.emplace(history.layers[i], history.start[i]).second) {
      throw InvalidArgument(
          concat("history.layers[", i, "]: ", quote(history.layers[i]), " comes twice"));
    }
  }
  std::int64_t step = 0;
  for (std::size_t i = 0; i < history.changes.size(); ++i) {
    const PlanChange& change = history.changes[i];
    const auto layer = now.find(change.layer);
    if (layer == now.end()) refuse(i, concat("there is no layer ", quote(change.layer)));
    if (change.from != layer->second) refuse(i, "the layer did not do what `from` says");
    if (change.step < step) refuse(i, concat("step ", change.step, " comes after step ", step));
    if (change.step >= history.steps) {
      refuse(i, concat("step ", change.step, " is beyond the ", history.steps, " steps"));
    }
    layer->second = change.to;
    step = change.step;
  }
}

}  // namespace hadal::hpts
