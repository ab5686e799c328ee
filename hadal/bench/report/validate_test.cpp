#include "hadal/bench/report/validate.h"

#include "hadal/bench/report/sample.h"
#include "hadal/core/error.h"

#include <cmath>
#include <functional>
#include <limits>

#include <gtest/gtest.h>

namespace hadal::bench {
namespace {

using hadal::testing::error_of;
using testing::failed_case;
using testing::sample_case;
using testing::sample_report;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

Report sound() {
  Report report = sample_report({sample_case("cv/one"), failed_case("cv/two")});
  report.claims.resize(2);
  report.claims[0].id = "a";
  report.claims[1].id = "b";
  return report;
}

struct Rule {
  const char* path;
  const char* expected;
  std::function<void(Report&)> breach;
};

/// Holds that each breach alone is refused with its path and what was expected.
void expect_refused(const std::vector<Rule>& rules) {
  for (const Rule& rule : rules) {
    Report report = sound();
    rule.breach(report);
    const std::string refusal = error_of<InvalidArgument>([&] { validate(report); });
    const std::string start = concat(rule.path, ": expected ", rule.expected);
    EXPECT_EQ(refusal.substr(0, start.size()), start) << "all of it: " << refusal;
    EXPECT_NE(refusal.find(", found "), std::string::npos) << refusal;
  }
}

CaseResult& first(Report& report) { return report.cases[0]; }
Speed& speed(Report& report) { return *first(report).speed; }

TEST(Validate, AcceptsASoundReport) {
  EXPECT_NO_THROW(validate(sound()));
  EXPECT_NO_THROW(validate(sample_report({})));
}

TEST(Validate, AcceptsTimesWithAFractionAndAnUnfinishedRun) {
  Report report = sound();
  report.started = "2026-01-31T12:34:56.123456Z";
  report.finished = "";
  report.complete = false;
  EXPECT_NO_THROW(validate(report));
}

TEST(Validate, ChecksTheRun) {
  const char* hex = "32 lower-case hexadecimal digits";
  const char* time = "a UTC time such as 2026-01-31T12:34:56Z";
  expect_refused({
      {"run_id", hex, [](Report& r) { r.run_id.pop_back(); }},
      {"run_id", hex, [](Report& r) { r.run_id[0] = 'A'; }},
      {"started", time, [](Report& r) { r.started = ""; }},
      {"started", time, [](Report& r) { r.started = "2026-01-31 12:34:56Z"; }},
      {"started", time, [](Report& r) { r.started = "2026-01-31T12:34:56"; }},
      {"started", time, [](Report& r) { r.started = "2026-01-31T12:34:56.Z"; }},
      {"started", time, [](Report& r) { r.started = "2026-01-31T12:34:56.1xZ"; }},
      {"started", time, [](Report& r) { r.started = "2026-01-31T12:34:56+00:00Z"; }},
      {"finished", time, [](Report& r) { r.finished = ""; }},
      {"finished", time, [](Report& r) { r.complete = false, r.finished = "now"; }},
      {"scale", "\"quick\" or \"full\"", [](Report& r) { r.scale = "Quick"; }},
      {"environment.cpu", "a text", [](Report& r) { r.environment.cpu = ""; }},
      {"environment.cores", "an integer, 1 or more", [](Report& r) { r.environment.cores = 0; }},
      {"environment.threads", "an integer, 1 or more",
       [](Report& r) { r.environment.threads = 0; }},
      {"environment.memory_bytes", "an integer, 0 or more",
       [](Report& r) { r.environment.memory_bytes = -1; }},
      {"noise.median", "a finite number above 0", [](Report& r) { r.noise.median = 0; }},
      {"noise", "low <= median <= high", [](Report& r) { r.noise.low = 1.005; }},
      {"noise_floor", "the largest distance of the noise's interval from 1",
       [](Report& r) { r.noise_floor = 0.02; }},
      {"noise_floor", "the largest distance", [](Report& r) { r.noise_floor = kNan; }},
  });
}

TEST(Validate, ChecksWhatACaseIs) {
  const char* id = "an id such as \"nlp/attention-dense-16k\"";
  expect_refused({
      {"cases", "at most 1000 items",
       [](Report& r) { r.cases.assign(1001, sample_case("cv/one")); }},
      {"cases[0].id", id, [](Report& r) { first(r).id = "one"; }},
      {"cases[0].id", id, [](Report& r) { first(r).id = "cv/"; }},
      {"cases[0].id", id, [](Report& r) { first(r).id = "/one"; }},
      {"cases[0].id", id, [](Report& r) { first(r).id = "cv/a/b"; }},
      {"cases[0].id", id, [](Report& r) { first(r).id = "cv/One"; }},
      {"cases[1].id", "an id that no other case has", [](Report& r) { r.cases[1].id = "cv/one"; }},
      {"cases[0].module", "a module's name", [](Report& r) { first(r).module = ""; }},
      {"cases[0].module", "a module's name", [](Report& r) { first(r).module = "a b"; }},
      {"cases[0].version", "an integer, 1 or more", [](Report& r) { first(r).version = 0; }},
      {"cases[0].data.sha256", "64 lower-case", [](Report& r) { first(r).data.sha256 = ""; }},
      {"cases[1].data.sha256", "64 lower-case", [](Report& r) { r.cases[1].data.sha256 = "abc"; }},
      {"cases[0].seconds", "a finite number, 0 or more", [](Report& r) { first(r).seconds = -1; }},
      {"cases[0].seconds", "a finite number, 0 or more",
       [](Report& r) { first(r).seconds = kNan; }},
  });
}

TEST(Validate, HoldsThatAJudgedCaseWasMeasuredInFull) {
  const char* all = "quality, speed and cost, or the verdict \"failed\"";
  expect_refused({
      {"cases[0]", all, [](Report& r) { first(r).quality.reset(); }},
      {"cases[0]", all, [](Report& r) { first(r).speed.reset(); }},
      {"cases[0]", all, [](Report& r) { first(r).cost.reset(); }},
      {"cases[0].verdict", "\"failed\", because the quality gate did not hold",
       [](Report& r) { first(r).quality->target = 1, first(r).quality->passed = false; }},
  });
}

TEST(Validate, ChecksQuality) {
  expect_refused({
      {"cases[0].quality.metric", "a text", [](Report& r) { first(r).quality->metric = ""; }},
      {"cases[0].quality.target", "a finite number",
       [](Report& r) { first(r).quality->target = kInfinity; }},
      {"cases[0].quality.passed", "false, because the candidate does not keep the bound",
       [](Report& r) { first(r).quality->candidate = 0.7; }},
      {"cases[0].quality.passed", "false, because",
       [](Report& r) { first(r).quality->candidate = kNan; }},
      {"cases[0].quality.passed", "false, because",
       [](Report& r) { first(r).quality->bound = QualityResult::Bound::at_most; }},
      {"cases[0].quality.passed", "true, because the candidate keeps the bound",
       [](Report& r) { first(r).quality->passed = false; }},
  });
}

TEST(Validate, ChecksTimings) {
  expect_refused({
      {"cases[0].speed.baseline.samples", "at least one sample",
       [](Report& r) { speed(r).baseline.samples.clear(); }},
      {"cases[0].speed.baseline.samples", "at most 100000 items",
       [](Report& r) { speed(r).baseline.samples.assign(100'001, 2); }},
      {"cases[0].speed.candidate.samples[2]", "a finite number above 0",
       [](Report& r) { speed(r).candidate.samples[2] = 0; }},
      {"cases[0].speed.baseline_again.samples[1]", "a finite number above 0",
       [](Report& r) { speed(r).baseline_again.samples[1] = kNan; }},
      {"cases[0].speed.baseline.seconds.high", "a finite number above 0",
       [](Report& r) { speed(r).baseline.seconds.high = kInfinity; }},
      {"cases[0].speed.baseline.seconds.low", "a finite number above 0",
       [](Report& r) { speed(r).baseline.seconds.low = -1; }},
      {"cases[0].speed.baseline.seconds", "low <= median <= high",
       [](Report& r) { speed(r).baseline.seconds.high = 1.95; }},
      {"cases[0].speed.candidate.seconds.median", "a value among the samples",
       [](Report& r) { speed(r).candidate.seconds = {1.1, 1, 1.2}; }},
      {"cases[0].speed.candidate.samples", "as many samples as the baseline has, 3",
       [](Report& r) { speed(r).candidate.samples.push_back(1); }},
      {"cases[0].speed.baseline_again.samples", "as many samples as the baseline has, 3",
       [](Report& r) { speed(r).baseline_again.samples.pop_back(); }},
  });
}

TEST(Validate, ChecksRatiosAndWhatFollowsFromThem) {
  expect_refused({
      {"cases[0].speed.speedup.median", "a value among the samples",
       [](Report& r) { speed(r).speedup = {2.2, 1.9, 2.3}; }},
      {"cases[0].speed.noise.median", "a value among the samples",
       [](Report& r) { speed(r).noise = {1.005, 0.995, 1.01}; }},
      {"cases[0].speed.noise_floor", "the largest distance",
       [](Report& r) { speed(r).noise_floor = 0.005; }},
      {"cases[0].speed.tolerance", "at least the noise floor, 0.01",
       [](Report& r) { speed(r).tolerance = 0.009; }},
      {"cases[0].speed.tolerance", "a finite number, 0 or more",
       [](Report& r) { speed(r).tolerance = kInfinity; }},
  });
}

TEST(Validate, ChecksCostAndMetrics) {
  expect_refused({
      {"cases[0].cost.baseline_peak_bytes", "an integer, 0 or more",
       [](Report& r) { first(r).cost->baseline_peak_bytes = -1; }},
      {"cases[0].cost.candidate_peak_bytes", "an integer, 0 or more",
       [](Report& r) { first(r).cost->candidate_peak_bytes = -1; }},
      {"cases[0].cost.baseline_flops", "a finite number, 0 or more",
       [](Report& r) { first(r).cost->baseline_flops = -1; }},
      {"cases[0].cost.candidate_flops", "a finite number, 0 or more",
       [](Report& r) { first(r).cost->candidate_flops = kNan; }},
      {"cases[0].metrics[1].name", "a name that no other metric of the case has",
       [](Report& r) { first(r).metrics = {{"a", 1, ""}, {"a", 2, ""}}; }},
      {"cases[0].metrics[0].name", "a text", [](Report& r) { first(r).metrics = {{}}; }},
      {"cases[0].metrics", "at most 1000 items", [](Report& r) { first(r).metrics.resize(1001); }},
  });
}

TEST(Validate, ChecksTheLettersOfClaims) {
  const char* letters = "the letters from \"a\" on, in order";
  expect_refused({
      {"claims[0].id", letters, [](Report& r) { r.claims[0].id = "b"; }},
      {"claims[1].id", letters, [](Report& r) { r.claims[1].id = ""; }},
      {"claims[26].id", letters,
       [](Report& r) {
         r.claims.resize(27);
         for (int i = 0; i < 27; ++i) r.claims[i].id = static_cast<char>('a' + i);
       }},
  });
}

TEST(Validate, ShowsNoControlCharacterAndNoEndlessTextOfWhatItRefuses) {
  Report report = sound();
  report.scale = "\x1b[2J" + std::string(500, 'x');
  const std::string refusal = error_of<InvalidArgument>([&] { validate(report); });
  EXPECT_LT(refusal.size(), 130u);
  EXPECT_EQ(refusal.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace hadal::bench
