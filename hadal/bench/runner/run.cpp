#include "hadal/bench/runner/run.h"

#include "hadal/bench/report/claims.h"
#include "hadal/bench/runner/environment.h"
#include "hadal/core/error.h"
#include "hadal/core/random.h"
#include "hadal/core/system.h"

#include <algorithm>
#include <utility>

namespace hadal::bench {
namespace {

RoundsOptions rounds_of(const Context& context) {
  RoundsOptions options{.seed = context.seed};
  if (context.scale == Scale::full) {
    options.least = 15;
    options.most = 301;
    options.seconds = options.seconds_if_clear = 60;
  }
  return options;
}

Report started(const Context& context) {
  Report report;
  report.run_id = new_run_id();
  report.started = utc_now();
  report.scale = name_of(context.scale);
  report.seed = context.seed;
  report.environment = environment();
  // Until the self-test has run; a report must have an estimate.
  report.noise = {.median = 1, .low = 1, .high = 1};
  return report;
}

void run_all(const std::vector<Case>& cases, const Context& context, const RunObserver& observer,
             Report& report) {
  const Estimate noise = machine_noise(context.seed, [&](int round, int expected) {
    context.check_interrupt();
    observer.stage(-1, "self-test", "timing", round, expected);
  });
  if (noise_floor_of(noise) >= report.noise_floor) {
    report.noise = noise;
    report.noise_floor = noise_floor_of(noise);
  }
  observer.progressed(report);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    // Each case starts alike, whichever ran before it.
    seed_aten(context.seed);
    const auto stage = [&](std::string_view name, int done, int total) {
      observer.stage(static_cast<int>(i), cases[i].id, name, done, total);
    };
    report.cases.push_back(
        measure(cases[i], context, report.noise_floor, rounds_of(context), stage));
    report.claims = claims_of(report.cases);
    observer.progressed(report);
  }
  // As the suite is listed, also where the run was interrupted and gone on with.
  std::ranges::sort(report.cases, {},
                    [](const CaseResult& result) { return std::pair(result.domain, result.id); });
  report.complete = true;
  report.finished = utc_now();
}

}  // namespace

Report run(const std::vector<Case>& cases, const Context& context, const RunObserver& observer,
           const std::optional<Report>& before) {
  Report report = before ? *before : started(context);
  report.complete = false;
  report.finished.clear();
  report.claims = claims_of(report.cases);
  try {
    run_all(cases, context, observer, report);
  } catch (const Interrupted&) {
  }
  observer.progressed(report);
  return report;
}

}  // namespace hadal::bench
