#pragma once

#include "hadal/bench/report/report.h"
#include "hadal/core/json/fields.h"

#include <array>
#include <string_view>
#include <tuple>

namespace hadal::bench {

// The members of each struct of report.h, in the order in which they are written. The one place
// that names them: writer and reader both go by it.

constexpr auto fields_of(const DataSource*) {
  return std::tuple{Field{"description", &DataSource::description},
                    Field{"sha256", &DataSource::sha256, Null::if_empty},
                    Field{"generated", &DataSource::generated}};
}

constexpr auto fields_of(const QualityResult*) {
  return std::tuple{Field{"metric", &QualityResult::metric},
                    Field{"baseline", &QualityResult::baseline, Null::if_not_finite},
                    Field{"candidate", &QualityResult::candidate, Null::if_not_finite},
                    Field{"bound", &QualityResult::bound},
                    Field{"target", &QualityResult::target},
                    Field{"passed", &QualityResult::passed}};
}

constexpr auto fields_of(const Estimate*) {
  return std::tuple{Field{"median", &Estimate::median}, Field{"low", &Estimate::low},
                    Field{"high", &Estimate::high}};
}

constexpr auto fields_of(const Timing*) {
  return std::tuple{Field{"samples", &Timing::samples}, Field{"seconds", &Timing::seconds}};
}

constexpr auto fields_of(const Speed*) {
  return std::tuple{Field{"baseline", &Speed::baseline},
                    Field{"candidate", &Speed::candidate},
                    Field{"baseline_again", &Speed::baseline_again},
                    Field{"speedup", &Speed::speedup},
                    Field{"noise", &Speed::noise},
                    Field{"noise_floor", &Speed::noise_floor},
                    Field{"tolerance", &Speed::tolerance}};
}

constexpr auto fields_of(const Cost*) {
  return std::tuple{Field{"baseline_peak_bytes", &Cost::baseline_peak_bytes},
                    Field{"candidate_peak_bytes", &Cost::candidate_peak_bytes},
                    Field{"baseline_flops", &Cost::baseline_flops},
                    Field{"candidate_flops", &Cost::candidate_flops}};
}

constexpr auto fields_of(const Metric*) {
  return std::tuple{Field{"name", &Metric::name},
                    Field{"value", &Metric::value, Null::if_not_finite},
                    Field{"unit", &Metric::unit}};
}

constexpr auto fields_of(const CaseResult*) {
  return std::tuple{Field{"id", &CaseResult::id},
                    Field{"domain", &CaseResult::domain},
                    Field{"module", &CaseResult::module},
                    Field{"version", &CaseResult::version},
                    Field{"summary", &CaseResult::summary},
                    Field{"baseline", &CaseResult::baseline},
                    Field{"candidate", &CaseResult::candidate},
                    Field{"verdict", &CaseResult::verdict},
                    Field{"message", &CaseResult::message},
                    Field{"data", &CaseResult::data},
                    Field{"quality", &CaseResult::quality},
                    Field{"speed", &CaseResult::speed},
                    Field{"cost", &CaseResult::cost},
                    Field{"metrics", &CaseResult::metrics},
                    Field{"seconds", &CaseResult::seconds}};
}

constexpr auto fields_of(const Environment*) {
  return std::tuple{Field{"hadal_version", &Environment::hadal_version},
                    Field{"commit", &Environment::commit},
                    Field{"build_type", &Environment::build_type},
                    Field{"compiler", &Environment::compiler},
                    Field{"compiler_flags", &Environment::compiler_flags},
                    Field{"torch_version", &Environment::torch_version},
                    Field{"cpu", &Environment::cpu},
                    Field{"isa", &Environment::isa},
                    Field{"os", &Environment::os},
                    Field{"cores", &Environment::cores},
                    Field{"threads", &Environment::threads},
                    Field{"memory_bytes", &Environment::memory_bytes}};
}

constexpr auto fields_of(const Claim*) {
  return std::tuple{Field{"id", &Claim::id},
                    Field{"title", &Claim::title},
                    Field{"published", &Claim::published},
                    Field{"measured", &Claim::measured},
                    Field{"conditions", &Claim::conditions},
                    Field{"command", &Claim::command}};
}

constexpr auto fields_of(const Report*) {
  return std::tuple{Field{"run_id", &Report::run_id},
                    Field{"started", &Report::started},
                    Field{"finished", &Report::finished, Null::if_empty},
                    Field{"complete", &Report::complete},
                    Field{"scale", &Report::scale},
                    Field{"seed", &Report::seed},
                    Field{"environment", &Report::environment},
                    Field{"noise", &Report::noise},
                    Field{"noise_floor", &Report::noise_floor},
                    Field{"cases", &Report::cases},
                    Field{"claims", &Report::claims}};
}

// The names of each enumeration's values in JSON.
constexpr auto choices_of(const Domain*) { return kDomains; }
constexpr auto choices_of(const Verdict*) { return kVerdicts; }
constexpr auto choices_of(const QualityResult::Bound*) {
  return std::array{QualityResult::Bound::at_least, QualityResult::Bound::at_most};
}

inline std::string_view name_of(QualityResult::Bound bound) {
  return bound == QualityResult::Bound::at_least ? "at_least" : "at_most";
}

}  // namespace hadal::bench
