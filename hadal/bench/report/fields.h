#pragma once

#include "hadal/bench/report/report.h"

#include <tuple>

namespace hadal::bench {

/// How a member's value is told apart from "there is none" in JSON.
enum class Null {
  never,
  if_not_finite,  ///< a number that is NaN or infinite is written as null, which reads as NaN
  if_empty,       ///< an empty text is written as null, which reads as empty
};

/// A member of `Class` and its name in the JSON object.
template <class Class, class Value>
struct Field {
  const char* name;
  Value Class::* member;
  Null null = Null::never;
};

template <class Class, class Value>
Field(const char*, Value Class::*) -> Field<Class, Value>;
template <class Class, class Value>
Field(const char*, Value Class::*, Null) -> Field<Class, Value>;

/// The members of each struct of report.h, in the order in which they are written. The one place
/// that names them: writer and reader both go by it.
template <class Class>
inline constexpr std::tuple<> kFields;

template <>
inline constexpr auto kFields<DataSource> =
    std::tuple{Field{"description", &DataSource::description},
               Field{"sha256", &DataSource::sha256, Null::if_empty},
               Field{"generated", &DataSource::generated}};

template <>
inline constexpr auto kFields<QualityResult> =
    std::tuple{Field{"metric", &QualityResult::metric},
               Field{"baseline", &QualityResult::baseline, Null::if_not_finite},
               Field{"candidate", &QualityResult::candidate, Null::if_not_finite},
               Field{"bound", &QualityResult::bound},
               Field{"target", &QualityResult::target},
               Field{"passed", &QualityResult::passed}};

template <>
inline constexpr auto kFields<Estimate> =
    std::tuple{Field{"median", &Estimate::median}, Field{"low", &Estimate::low},
               Field{"high", &Estimate::high}};

template <>
inline constexpr auto kFields<Timing> =
    std::tuple{Field{"samples", &Timing::samples}, Field{"seconds", &Timing::seconds}};

template <>
inline constexpr auto kFields<Speed> = std::tuple{Field{"baseline", &Speed::baseline},
                                                  Field{"candidate", &Speed::candidate},
                                                  Field{"baseline_again", &Speed::baseline_again},
                                                  Field{"speedup", &Speed::speedup},
                                                  Field{"noise", &Speed::noise},
                                                  Field{"noise_floor", &Speed::noise_floor},
                                                  Field{"tolerance", &Speed::tolerance}};

template <>
inline constexpr auto kFields<Cost> =
    std::tuple{Field{"baseline_peak_bytes", &Cost::baseline_peak_bytes},
               Field{"candidate_peak_bytes", &Cost::candidate_peak_bytes},
               Field{"baseline_flops", &Cost::baseline_flops},
               Field{"candidate_flops", &Cost::candidate_flops}};

template <>
inline constexpr auto kFields<Metric> =
    std::tuple{Field{"name", &Metric::name}, Field{"value", &Metric::value, Null::if_not_finite},
               Field{"unit", &Metric::unit}};

template <>
inline constexpr auto kFields<CaseResult> = std::tuple{Field{"id", &CaseResult::id},
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

template <>
inline constexpr auto kFields<Environment> =
    std::tuple{Field{"hadal_version", &Environment::hadal_version},
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

template <>
inline constexpr auto kFields<Claim> = std::tuple{Field{"id", &Claim::id},
                                                  Field{"title", &Claim::title},
                                                  Field{"published", &Claim::published},
                                                  Field{"measured", &Claim::measured},
                                                  Field{"conditions", &Claim::conditions},
                                                  Field{"command", &Claim::command}};

template <>
inline constexpr auto kFields<Report> =
    std::tuple{Field{"run_id", &Report::run_id},
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

/// A struct that has a list of fields above.
template <class Class>
concept Described = std::tuple_size_v<std::remove_cvref_t<decltype(kFields<Class>)>> > 0;

/// The names of an enumeration's values in JSON.
template <class Enum>
inline constexpr int kChoices = 0;

template <>
inline constexpr auto kChoices<Domain> = kDomains;
template <>
inline constexpr auto kChoices<Verdict> = kVerdicts;
template <>
inline constexpr std::array kChoices<QualityResult::Bound> = {QualityResult::Bound::at_least,
                                                              QualityResult::Bound::at_most};

inline std::string_view name_of(QualityResult::Bound bound) {
  return bound == QualityResult::Bound::at_least ? "at_least" : "at_most";
}

/// Calls `visit(field)` for each field of `Class`, in order.
template <Described Class, class Visit>
void for_each_field(const Visit& visit) {
  std::apply([&](const auto&... field) { (visit(field), ...); }, kFields<Class>);
}

}  // namespace hadal::bench
