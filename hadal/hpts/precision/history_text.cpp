#include "hadal/core/columns.h"
#include "hadal/core/error.h"
#include "hadal/core/text.h"
#include "hadal/hpts/precision/history.h"

#include <algorithm>
#include <map>

namespace hadal::hpts {
namespace {

constexpr std::size_t kNameColumns = 32;
constexpr std::size_t kCellColumns = 20;

struct LayerNow {
  LayerPlan plan;
  int changes = 0;
};

std::string compute_text(Precision chosen, Precision ran_fp16) {
  if (chosen != Precision::fp16 || ran_fp16 == Precision::fp16) return std::string(name_of(chosen));
  return concat(name_of(chosen), " (runs in ", name_of(ran_fp16), ")");
}

std::string right(std::int64_t number, std::size_t columns) {
  const std::string text = std::to_string(number);
  return std::string(columns - std::min(columns, text.size()), ' ') + text;
}

std::string layers_text(const PlanHistory& history, Precision ran_fp16) {
  std::map<std::string_view, LayerNow> now;
  for (std::size_t i = 0; i < history.layers.size(); ++i) {
    now[history.layers[i]].plan = history.start[i];
  }
  for (const PlanChange& change : history.changes) {
    LayerNow& layer = now.at(change.layer);
    layer.plan = change.to;
    ++layer.changes;
  }
  std::string text = concat(fit("layer", kNameColumns), " ", fit("compute", kCellColumns), " ",
                            fit("saved", kCellColumns), " changes\n");
  for (const std::string& name : history.layers) {
    const LayerNow& layer = now.at(name);
    text += concat(fit(printable(name), kNameColumns), " ",
                   fit(compute_text(layer.plan.compute, ran_fp16), kCellColumns), " ",
                   fit(name_of(layer.plan.saved), kCellColumns), right(layer.changes, 8), "\n");
  }
  return text;
}

std::string counts_text(const PlanHistory& history) {
  constexpr std::size_t kColumns = 12;
  std::string text =
      "    step        fp32        bf16        fp16       exact        bf16 int8_blocks\n";
  for (const PlanCounts& counts : counts_over_time(history)) {
    text += right(counts.step, 8);
    for (const auto* columns : {&counts.compute, &counts.saved}) {
      for (const std::int64_t count : *columns) text += right(count, kColumns);
    }
    text += '\n';
  }
  return text;
}

std::string plan_text(const LayerPlan& plan) {
  return concat(name_of(plan.compute), "/", name_of(plan.saved));
}

}  // namespace

std::string history_text(const PlanHistory& history, Precision ran_fp16) {
  std::string text = concat("policy ", printable(history.policy), ", ", history.steps, " steps\n\n",
                            layers_text(history, ran_fp16), "\n", counts_text(history));
  if (!history.changes.empty()) text += '\n';
  for (const PlanChange& change : history.changes) {
    text +=
        concat("step ", change.step, ": ", printable(change.layer), ": ", plan_text(change.from),
               " -> ", plan_text(change.to), ": ", printable(change.reason), "\n");
  }
  return text;
}

}  // namespace hadal::hpts
