#pragma once

#include "hadal/core/json/fields.h"
#include "hadal/hpts/precision/history.h"
#include "hadal/hpts/precision/plan_file.h"

#include <array>
#include <tuple>

namespace hadal::hpts {

// The members of each struct in files, in the order in which they are written.

constexpr auto choices_of(const Precision*) {
  return std::array{Precision::fp32, Precision::bf16, Precision::fp16};
}
constexpr auto choices_of(const SavedFormat*) {
  return std::array{SavedFormat::exact, SavedFormat::bf16, SavedFormat::int8_blocks};
}
constexpr auto fields_of(const LayerPlan*) {
  return std::tuple{Field{"compute", &LayerPlan::compute}, Field{"saved", &LayerPlan::saved}};
}
constexpr auto fields_of(const PrecisionPlan*) {
  return std::tuple{Field{"otherwise", &PrecisionPlan::otherwise},
                    Field{"layers", &PrecisionPlan::layers}};
}
constexpr auto fields_of(const PlanChange*) {
  return std::tuple{Field{"step", &PlanChange::step}, Field{"layer", &PlanChange::layer},
                    Field{"from", &PlanChange::from}, Field{"to", &PlanChange::to},
                    Field{"reason", &PlanChange::reason}};
}
constexpr auto fields_of(const PlanHistory*) {
  return std::tuple{Field{"policy", &PlanHistory::policy}, Field{"layers", &PlanHistory::layers},
                    Field{"start", &PlanHistory::start}, Field{"changes", &PlanHistory::changes},
                    Field{"steps", &PlanHistory::steps}};
}
constexpr auto fields_of(const PlanFile*) {
  return std::tuple{Field{"plan", &PlanFile::plan},
                    Field{"history", &PlanFile::history, Null::if_absent}};
}

}  // namespace hadal::hpts
