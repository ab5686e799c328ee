#include "hadal/bench/compare/compare.h"

#include "hadal/bench/compare/compatible.h"
#include "hadal/bench/report/format.h"
#include "hadal/bench/report/validate.h"
#include "hadal/bench/verdict.h"
#include "hadal/core/error.h"
#include "hadal/core/text.h"

#include <algorithm>
#include <cmath>

namespace hadal::bench {
namespace {

constexpr double kMemoryGrowth = 0.05;
constexpr std::int64_t kMemoryGrowthBytes = std::int64_t{1} << 20;

/// The ratio of two independent estimates, `over` / `under`. On the logarithmic scale a ratio is a
/// difference, and MOVER gives its interval from the distances of the single limits.
Estimate ratio_of(const Estimate& over, const Estimate& under) {
  const double median = std::log(over.median) - std::log(under.median);
  const double below =
      std::hypot(std::log(over.median / over.low), std::log(under.high / under.median));
  const double above =
      std::hypot(std::log(over.high / over.median), std::log(under.median / under.low));
  return {.median = std::exp(median),
          .low = std::exp(median - below),
          .high = std::exp(median + above)};
}

double noise_floor(const Report& run, const CaseResult& result) {
  return std::max(run.noise_floor, result.speed ? result.speed->noise_floor : 0.0);
}

/// Why the candidate's memory counts as grown, or empty.
std::string memory_growth(const CaseResult& before, const CaseResult& after) {
  const std::int64_t was = before.cost->candidate_peak_bytes;
  const std::int64_t is = after.cost->candidate_peak_bytes;
  const double share = static_cast<double>(is - was) / static_cast<double>(was);
  if (is - was <= kMemoryGrowthBytes || share <= kMemoryGrowth) return "";
  return concat("The candidate's peak memory grew from ", format_bytes(was), " to ",
                format_bytes(is), was > 0 ? concat(" (+", format_percent(share), ")") : "", ".");
}

void judge_failures(const CaseResult& before, const CaseResult& after, CaseComparison& comparison) {
  const bool failed_before = before.verdict == Verdict::failed;
  const bool fails_now = after.verdict == Verdict::failed;
  if (failed_before && fails_now) {
    comparison.verdict = Verdict::inconclusive;
    comparison.reasons.push_back("Failed in both runs, now with: " + after.message);
  } else if (fails_now) {
    comparison.verdict = Verdict::worse;
    comparison.reasons.push_back("Passed before and fails now: " + after.message);
  } else {
    comparison.verdict = Verdict::better;
    comparison.reasons.push_back(
        "Failed before and passes now; its speed has nothing to compare to.");
  }
}

void judge_measurements(const CaseResult& before, const CaseResult& after,
                        CaseComparison& comparison) {
  comparison.change = ratio_of(after.speed->speedup, before.speed->speedup);
  comparison.verdict = judge(*comparison.change, comparison.tolerance);
  if (std::string growth = memory_growth(before, after); !growth.empty()) {
    if (comparison.verdict != Verdict::worse) {
      growth += concat(" Its speed alone is ", name_of(comparison.verdict), ".");
    }
    comparison.verdict = Verdict::worse;
    comparison.reasons.push_back(std::move(growth));
  }
}

CaseComparison compare_case(const Report& baseline_run, const CaseResult& before,
                            const Report& candidate_run, const CaseResult& after) {
  CaseComparison comparison;
  comparison.id = before.id;
  comparison.tolerance = std::max(kLeastTolerance, std::hypot(noise_floor(baseline_run, before),
                                                              noise_floor(candidate_run, after)));
  const bool judged_before = is_judged(before.verdict);
  const bool judged_now = is_judged(after.verdict);
  if (judged_before) comparison.speedup_before = before.speed->speedup;
  if (judged_now) comparison.speedup_after = after.speed->speedup;
  if (baseline_run.run_id == candidate_run.run_id) {
    comparison.verdict = Verdict::same;
    if (judged_before) comparison.change = Estimate{1, 1, 1};
  } else if (!judged_before || !judged_now) {
    judge_failures(before, after, comparison);
  } else {
    judge_measurements(before, after, comparison);
  }
  return comparison;
}

/// Of one and the same run all cases are the same, skipped or not.
bool skipped_in_one(const Report& baseline_run, const CaseResult& before,
                    const Report& candidate_run, const CaseResult& after) {
  return baseline_run.run_id != candidate_run.run_id &&
         (before.verdict == Verdict::skipped || after.verdict == Verdict::skipped);
}

std::string describe(const Report& run) {
  return printable(concat(run.run_id.substr(0, 8), "  commit ", run.environment.commit,
                          "  started ", run.started, "  ", run.scale));
}

void add_missing(const CaseResult& before, const Report& candidate_run, Comparison& comparison) {
  if (!candidate_run.complete) {
    comparison.not_compared.push_back(before.id + ": not reached by the candidate run");
    return;
  }
  CaseComparison missing;
  missing.id = before.id;
  missing.verdict = Verdict::worse;
  if (is_judged(before.verdict)) missing.speedup_before = before.speed->speedup;
  missing.reasons.push_back("The candidate run is complete and lacks this case.");
  comparison.cases.push_back(std::move(missing));
}

}  // namespace

Comparison compare(const Report& baseline_run, const Report& candidate_run) {
  validate(baseline_run);
  validate(candidate_run);
  require_compatible(baseline_run, candidate_run);
  Comparison comparison;
  comparison.baseline_run = describe(baseline_run);
  comparison.candidate_run = describe(candidate_run);
  comparison.warnings = warnings_of(baseline_run, candidate_run);
  for (const CaseResult& before : baseline_run.cases) {
    const CaseResult* after = find_case(candidate_run, before.id);
    if (after && skipped_in_one(baseline_run, before, candidate_run, *after)) {
      comparison.not_compared.push_back(before.id + ": skipped in one of the runs, or in both");
    } else if (after) {
      comparison.cases.push_back(compare_case(baseline_run, before, candidate_run, *after));
    } else {
      add_missing(before, candidate_run, comparison);
    }
  }
  for (const CaseResult& after : candidate_run.cases) {
    if (find_case(baseline_run, after.id) == nullptr) {
      comparison.not_compared.push_back(after.id + ": not in the baseline run");
    }
  }
  return comparison;
}

bool any_worse(const Comparison& comparison) {
  return std::any_of(comparison.cases.begin(), comparison.cases.end(),
                     [](const CaseComparison& result) { return result.verdict == Verdict::worse; });
}

}  // namespace hadal::bench
