#include "hadal/bench/runner/measure.h"

#include "hadal/bench/report/format.h"
#include "hadal/bench/verdict.h"
#include "hadal/core/error.h"
#include "hadal/core/flops.h"
#include "hadal/core/memory.h"

#include <algorithm>
#include <chrono>

namespace hadal::bench {
namespace {

CaseResult described(const Case& definition) {
  CaseResult result;
  result.id = definition.id;
  result.domain = definition.domain;
  result.module = definition.module;
  result.version = definition.version;
  result.summary = definition.summary;
  result.baseline = definition.baseline;
  result.candidate = definition.candidate;
  return result;
}

/// The gate's target, or what the baseline's figure asks for where that is stricter.
double target_of(const Gate& gate, bool generated, double baseline) {
  const double fixed = generated ? gate.target : gate.target_on_real.value_or(gate.target);
  if (!gate.most_relative_loss) return fixed;
  const double loss = *gate.most_relative_loss;
  return gate.bound == QualityResult::Bound::at_least ? std::max(fixed, baseline * (1 - loss))
                                                      : std::min(fixed, baseline * (1 + loss));
}

QualityResult judged(const Gate& gate, bool generated, const Quality& quality) {
  QualityResult result{.metric = gate.metric,
                       .baseline = quality.baseline,
                       .candidate = quality.candidate,
                       .bound = gate.bound,
                       .target = target_of(gate, generated, quality.baseline)};
  result.passed = keeps_bound(result);
  return result;
}

struct RunCost {
  std::int64_t peak_bytes;
  double flops;
};

/// What one run takes. The run also warms caches up before anything is timed.
RunCost cost_of(const std::function<void()>& run, const std::optional<double>& flops) {
  const MemoryMeter memory;
  const FlopCounter counter;
  run();
  return {.peak_bytes = memory.peak_bytes(), .flops = flops.value_or(counter.flops())};
}

std::string missed_gate(const QualityResult& quality) {
  return concat("The candidate's ", quality.metric, " is ", format_value(quality.candidate),
                ", but has to be ",
                quality.bound == QualityResult::Bound::at_least ? "at least " : "at most ",
                format_value(quality.target), "; its speed was not measured.");
}

std::string explained(Verdict verdict, const Speed& speed) {
  const std::string tolerance = format_percent(speed.tolerance);
  const std::string times = format_ratio(speed.speedup.median) + "x as fast as the baseline";
  switch (verdict) {
    case Verdict::better:
      return concat("The candidate is ", times, "; the whole interval is beyond ", tolerance, ".");
    case Verdict::worse:
      return concat("The candidate is only ", times, "; the whole interval is beyond ", tolerance,
                    ".");
    case Verdict::same:
      return concat("The whole interval lies within ", tolerance, ", which counts as none.");
    case Verdict::inconclusive:
    case Verdict::failed:
    case Verdict::skipped:
      break;
  }
  if (speed.tolerance > kMostTolerance) {
    return concat("Noise alone makes up to ", tolerance, " here; a quieter machine may tell.");
  }
  return concat("The interval reaches across the tolerance of ", tolerance,
                "; --full or a quieter machine may tell.");
}

void measure_into(CaseResult& result, const Case& definition, const Context& context,
                  double machine_noise_floor, const RoundsOptions& rounds,
                  const StageObserver& observer) {
  observer("preparing", 0, 0);
  Context given = context;
  if (definition.real_data.empty()) given.data = std::nullopt;
  const Workload workload = definition.prepare(given);
  result.data = workload.data;
  context.check_interrupt();

  observer("measuring quality", 0, 0);
  Quality quality = workload.quality();
  result.quality = judged(definition.gate, workload.data.generated, quality);
  result.metrics = std::move(quality.metrics);
  if (!result.quality->passed) {
    result.message = missed_gate(*result.quality);
    return;
  }
  context.check_interrupt();

  observer("measuring memory", 0, 0);
  const RunCost baseline = cost_of(workload.baseline, workload.baseline_flops);
  const RunCost candidate = cost_of(workload.candidate, workload.candidate_flops);
  result.cost = Cost{.baseline_peak_bytes = baseline.peak_bytes,
                     .candidate_peak_bytes = candidate.peak_bytes,
                     .baseline_flops = baseline.flops,
                     .candidate_flops = candidate.flops};
  context.check_interrupt();

  result.speed = time_rounds(workload.baseline, workload.candidate, machine_noise_floor, rounds,
                             [&](int round, int expected) {
                               context.check_interrupt();
                               observer("timing", round, expected);
                             });
  result.verdict = judge(result.speed->speedup, result.speed->tolerance);
  result.message = explained(result.verdict, *result.speed);
}

}  // namespace

CaseResult measure(const Case& definition, const Context& context, double machine_noise_floor,
                   const RoundsOptions& rounds, const StageObserver& observer) {
  const auto start = std::chrono::steady_clock::now();
  CaseResult result = described(definition);
  try {
    measure_into(result, definition, context, machine_noise_floor, rounds, observer);
  } catch (const Interrupted&) {
    throw;
  } catch (const Error& error) {
    const bool unsupported = dynamic_cast<const Unsupported*>(&error) != nullptr;
    result.verdict = unsupported ? Verdict::skipped : Verdict::failed;
    result.message =
        error.hint().empty() ? error.what() : concat(error.what(), " (", error.hint(), ")");
  } catch (const std::exception& error) {
    result.verdict = Verdict::failed;
    result.message = error.what();
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

}  // namespace hadal::bench
