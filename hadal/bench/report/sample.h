#pragma once

#include "hadal/bench/report/json.h"
#include "hadal/bench/report/report.h"
#include "hadal/core/file.h"
#include "hadal/testing/error_of.h"
#include "hadal/testing/paths.h"

#include <array>
#include <string>
#include <vector>

// Reports for the tests: small ones made here, and the files in testdata.

namespace hadal::bench::testing {

using hadal::testing::error_of;

inline std::filesystem::path sample_path(const std::string& name) {
  return hadal::testing::source_path("hadal/bench/report/testdata/" + name);
}

inline std::string sample_text(const std::string& name) { return read_file(sample_path(name)); }

/// Names of the committed sample reports.
inline constexpr std::array kSamples{"complete.json", "partial.json", "failed.json",
                                     "hostile.json"};

/// Three rounds whose ratios of baseline to candidate are the three values of `speedup`.
inline Speed sample_speed(const Estimate& speedup, double noise_floor) {
  const Estimate one{1, 1, 1};
  const std::vector<double> seconds{speedup.low, speedup.median, speedup.high};
  return {.baseline = {seconds, speedup},
          .candidate = {{1, 1, 1}, one},
          .baseline_again = {seconds, speedup},
          .speedup = speedup,
          .noise = {1, 1 / (1 + noise_floor), 1 + noise_floor},
          .noise_floor = noise_floor,
          .tolerance = noise_floor};
}

/// A case that validate() accepts.
inline CaseResult sample_case(const std::string& id, const Estimate& speedup = {2, 1.9, 2.1},
                              double noise_floor = 0.01) {
  return {.id = id,
          .domain = Domain::cv,
          .module = "models",
          .version = 1,
          .summary = "What it measures",
          .baseline = "one way",
          .candidate = "another way",
          .verdict = Verdict::better,
          .message = "The whole interval lies above the tolerance.",
          .data = {.description = "generated, seed 1", .sha256 = std::string(64, 'a')},
          .quality = QualityResult{.metric = "accuracy",
                                   .baseline = 0.9,
                                   .candidate = 0.9,
                                   .target = 0.8,
                                   .passed = true},
          .speed = sample_speed(speedup, noise_floor),
          .cost = Cost{.baseline_peak_bytes = 100 << 20, .candidate_peak_bytes = 50 << 20},
          .metrics = {},
          .seconds = 1};
}

/// A case that threw before it measured anything.
inline CaseResult failed_case(const std::string& id) {
  CaseResult result = sample_case(id);
  result.verdict = Verdict::failed;
  result.message = "It threw.";
  result.data.sha256 = "";
  result.quality.reset();
  result.speed.reset();
  result.cost.reset();
  return result;
}

/// A complete report that validate() accepts.
inline Report sample_report(std::vector<CaseResult> cases) {
  Report report;
  report.run_id = std::string(32, '0');
  report.started = "2026-01-31T12:34:56Z";
  report.finished = "2026-01-31T12:35:56Z";
  report.complete = true;
  report.scale = "quick";
  report.seed = 1;
  report.environment.cpu = "Example";
  report.environment.isa = "avx2";
  report.environment.cores = 2;
  report.environment.threads = 2;
  report.noise = {1, 0.99, 1.01};
  report.noise_floor = 1.01 - 1;
  report.cases = std::move(cases);
  return report;
}

}  // namespace hadal::bench::testing
