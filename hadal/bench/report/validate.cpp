#include "hadal/bench/report/validate.h"

#include "hadal/core/columns.h"
#include "hadal/core/error.h"
#include "hadal/core/text.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

namespace hadal::bench {
namespace {

// A derived number was computed by the writer in the same arithmetic; this only forgives the order
// of its operations.
constexpr double kRounding = 1e-9;

template <class Found>
[[noreturn]] void refuse(const std::string& path, std::string_view expected, const Found& found) {
  throw InvalidArgument(concat(path, ": expected ", expected, ", found ", found));
}

std::string quoted(std::string_view text) {
  constexpr std::size_t kShown = 60;
  const std::string shown = printable(text);
  return concat('"', columns_of(shown) > kShown ? fit(shown, kShown) : shown, '"');
}

void check_positive(double value, const std::string& path) {
  if (!std::isfinite(value) || value <= 0) refuse(path, "a finite number above 0", value);
}

void check_not_negative(double value, const std::string& path) {
  if (!std::isfinite(value) || value < 0) refuse(path, "a finite number, 0 or more", value);
}

void check_finite(double value, const std::string& path) {
  if (!std::isfinite(value)) refuse(path, "a finite number", value);
}

template <class Integer>
void check_at_least(Integer value, Integer least, const std::string& path) {
  if (value < least) refuse(path, concat("an integer, ", least, " or more"), value);
}

void check_not_empty(std::string_view text, const std::string& path) {
  if (text.empty()) refuse(path, "a text", "an empty one");
}

void check_count(std::size_t count, std::size_t most, const std::string& path) {
  if (count > most) refuse(path, concat("at most ", most, " items"), count);
}

bool all_of(std::string_view text, std::string_view allowed) {
  return text.find_first_not_of(allowed) == std::string_view::npos;
}

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kName = "abcdefghijklmnopqrstuvwxyz0123456789._-";

void check_hex(std::string_view text, std::size_t digits, const std::string& path) {
  if (text.size() != digits || !all_of(text, kHex)) {
    refuse(path, concat(digits, " lower-case hexadecimal digits"), quoted(text));
  }
}

bool is_name(std::string_view text) { return !text.empty() && all_of(text, kName); }

/// "2026-01-31T12:34:56Z", with or without a fraction of a second.
bool is_utc_time(std::string_view text) {
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd";
  if (text.size() <= kShape.size() || text.back() != 'Z') return false;
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    if (kShape[i] == 'd' ? !is_digit(text[i]) : text[i] != kShape[i]) return false;
  }
  const std::string_view fraction = text.substr(kShape.size(), text.size() - kShape.size() - 1);
  return fraction.empty() || (fraction.front() == '.' && fraction.size() > 1 &&
                              all_of(fraction.substr(1), "0123456789"));
}

void check_estimate(const Estimate& estimate, const std::string& path) {
  check_positive(estimate.median, path + ".median");
  check_positive(estimate.low, path + ".low");
  check_positive(estimate.high, path + ".high");
  if (estimate.low > estimate.median || estimate.median > estimate.high) {
    refuse(path, "low <= median <= high",
           concat(estimate.low, ", ", estimate.median, ", ", estimate.high));
  }
}

void check_noise_floor(const Estimate& noise, double floor, const std::string& path) {
  const double distance = noise_floor_of(noise);
  if (!(std::abs(floor - distance) <= kRounding * std::max(1.0, distance))) {
    refuse(path, concat("the largest distance of the noise's interval from 1, ", distance), floor);
  }
}

void check_among(double median, double least, double most, const std::string& path) {
  if (median < least * (1 - kRounding) || median > most * (1 + kRounding)) {
    refuse(path, concat("a value among the samples, ", least, " to ", most), median);
  }
}

void check_timing(const Timing& timing, const std::string& path) {
  const auto& samples = timing.samples;
  if (samples.empty()) refuse(path + ".samples", "at least one sample", "none");
  check_count(samples.size(), kMaxSamples, path + ".samples");
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (!std::isfinite(samples[i]) || samples[i] <= 0) {
      check_positive(samples[i], concat(path, ".samples[", i, "]"));
    }
  }
  check_estimate(timing.seconds, path + ".seconds");
  const auto [least, most] = std::minmax_element(samples.begin(), samples.end());
  check_among(timing.seconds.median, *least, *most, path + ".seconds.median");
}

void check_rounds(const Timing& timing, const Timing& baseline, const std::string& path) {
  if (timing.samples.size() != baseline.samples.size()) {
    refuse(path + ".samples",
           concat("as many samples as the baseline has, ", baseline.samples.size()),
           timing.samples.size());
  }
}

void check_ratio(const Estimate& ratio, const Timing& over, const Timing& under,
                 const std::string& path) {
  check_estimate(ratio, path);
  double least = INFINITY;
  double most = 0;
  for (std::size_t i = 0; i < over.samples.size(); ++i) {
    least = std::min(least, over.samples[i] / under.samples[i]);
    most = std::max(most, over.samples[i] / under.samples[i]);
  }
  check_among(ratio.median, least, most, path + ".median");
}

void check_speed(const Speed& speed, const std::string& path) {
  check_timing(speed.baseline, path + ".baseline");
  check_timing(speed.candidate, path + ".candidate");
  check_timing(speed.baseline_again, path + ".baseline_again");
  check_rounds(speed.candidate, speed.baseline, path + ".candidate");
  check_rounds(speed.baseline_again, speed.baseline, path + ".baseline_again");
  check_ratio(speed.speedup, speed.baseline, speed.candidate, path + ".speedup");
  check_ratio(speed.noise, speed.baseline, speed.baseline_again, path + ".noise");
  check_noise_floor(speed.noise, speed.noise_floor, path + ".noise_floor");
  check_not_negative(speed.tolerance, path + ".tolerance");
  if (speed.tolerance < speed.noise_floor) {
    refuse(path + ".tolerance", concat("at least the noise floor, ", speed.noise_floor),
           speed.tolerance);
  }
}

void check_quality(const QualityResult& quality, const std::string& path) {
  check_not_empty(quality.metric, path + ".metric");
  check_finite(quality.target, path + ".target");
  if (quality.passed != keeps_bound(quality)) {
    refuse(path + ".passed",
           keeps_bound(quality) ? "true, because the candidate keeps the bound"
                                : "false, because the candidate does not keep the bound",
           quality.passed ? "true" : "false");
  }
}

void check_cost(const Cost& cost, const std::string& path) {
  check_at_least(cost.baseline_peak_bytes, std::int64_t{0}, path + ".baseline_peak_bytes");
  check_at_least(cost.candidate_peak_bytes, std::int64_t{0}, path + ".candidate_peak_bytes");
  check_not_negative(cost.baseline_flops, path + ".baseline_flops");
  check_not_negative(cost.candidate_flops, path + ".candidate_flops");
}

void check_metrics(const std::vector<Metric>& metrics, const std::string& path) {
  check_count(metrics.size(), kMaxMetrics, path);
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    const std::string name = concat(path, "[", i, "].name");
    check_not_empty(metrics[i].name, name);
    if (!names.insert(metrics[i].name).second) {
      refuse(name, "a name that no other metric of the case has", quoted(metrics[i].name));
    }
  }
}

/// A case that did not fail has been measured in full; a failed one has as much as it got to.
void check_judged(const CaseResult& result, const std::string& path) {
  if (!result.quality || !result.speed || !result.cost) {
    refuse(path, "quality, speed and cost, or the verdict \"failed\"",
           concat("verdict ", quoted(name_of(result.verdict))));
  }
  if (!result.quality->passed) {
    refuse(path + ".verdict", "\"failed\", because the quality gate did not hold",
           quoted(name_of(result.verdict)));
  }
}

void check_case(const CaseResult& result, const std::string& path) {
  if (!is_case_id(result.id)) {
    refuse(path + ".id", "an id such as \"nlp/attention-dense-16k\"", quoted(result.id));
  }
  if (!is_name(result.module)) {
    refuse(path + ".module", "a module's name in lower case", quoted(result.module));
  }
  check_at_least(result.version, 1, path + ".version");
  const bool judged = is_judged(result.verdict);
  if (judged || !result.data.sha256.empty()) {
    check_hex(result.data.sha256, 64, path + ".data.sha256");
  }
  if (result.quality) check_quality(*result.quality, path + ".quality");
  if (result.speed) check_speed(*result.speed, path + ".speed");
  if (result.cost) check_cost(*result.cost, path + ".cost");
  check_metrics(result.metrics, path + ".metrics");
  check_not_negative(result.seconds, path + ".seconds");
  if (judged) check_judged(result, path);
}

void check_cases(const std::vector<CaseResult>& cases) {
  check_count(cases.size(), kMaxCases, "cases");
  std::set<std::string_view> ids;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const std::string path = concat("cases[", i, "]");
    check_case(cases[i], path);
    if (!ids.insert(cases[i].id).second) {
      refuse(path + ".id", "an id that no other case has", quoted(cases[i].id));
    }
  }
}

void check_claims(const std::vector<Claim>& claims) {
  for (std::size_t i = 0; i < claims.size(); ++i) {
    const std::string& id = claims[i].id;
    if (id != std::string(1, static_cast<char>('a' + i)) || i >= 26) {
      refuse(concat("claims[", i, "].id"), "the letters from \"a\" on, in order", quoted(id));
    }
  }
}

}  // namespace

bool is_case_id(std::string_view text) {
  const std::size_t slash = text.find('/');
  return slash != std::string_view::npos && is_name(text.substr(0, slash)) &&
         is_name(text.substr(slash + 1));
}

void validate(const Report& report) {
  check_hex(report.run_id, 32, "run_id");
  if (!is_utc_time(report.started)) {
    refuse("started", "a UTC time such as 2026-01-31T12:34:56Z", quoted(report.started));
  }
  if (report.complete || !report.finished.empty()) {
    if (!is_utc_time(report.finished)) {
      refuse("finished", "a UTC time such as 2026-01-31T12:34:56Z", quoted(report.finished));
    }
  }
  if (report.scale != "quick" && report.scale != "full") {
    refuse("scale", "\"quick\" or \"full\"", quoted(report.scale));
  }
  check_not_empty(report.environment.cpu, "environment.cpu");
  check_at_least(report.environment.cores, 1, "environment.cores");
  check_at_least(report.environment.threads, 1, "environment.threads");
  check_at_least(report.environment.memory_bytes, std::int64_t{0}, "environment.memory_bytes");
  check_estimate(report.noise, "noise");
  check_noise_floor(report.noise, report.noise_floor, "noise_floor");
  check_cases(report.cases);
  check_claims(report.claims);
}

}  // namespace hadal::bench
