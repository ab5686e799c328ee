#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hadal::bench {

enum class Domain { nlp, cv, speech };

/// What a case's measurements allow to be said of the candidate against the baseline.
enum class Verdict {
  better,        ///< faster by more than the tolerance, at the required quality
  same,          ///< the whole interval lies within the tolerance
  worse,         ///< slower by more than the tolerance
  inconclusive,  ///< the interval is too wide to say
  failed,        ///< the quality gate did not hold, or the case threw: nothing is said of speed
  skipped,       ///< this machine or build cannot run it: nothing is said at all
};

/// All values, in the order in which reports list them.
inline constexpr std::array kDomains{Domain::nlp, Domain::cv, Domain::speech};
inline constexpr std::array kVerdicts{Verdict::better,       Verdict::same,   Verdict::worse,
                                      Verdict::inconclusive, Verdict::failed, Verdict::skipped};

std::string_view name_of(Domain domain);
std::string_view name_of(Verdict verdict);
/// Whether a case with this verdict has quality, speed and cost: it neither failed nor was skipped.
bool is_judged(Verdict verdict);

/// Where a case's input came from. Runs on different inputs are not comparable.
struct DataSource {
  std::string description;  ///< "WikiText-2 test, first 65,536 bytes" or "generated, seed 1"
  std::string sha256;       ///< of the bytes that the case consumes
  bool generated = true;    ///< false where it was read from HADAL_DATA
};

/// A quality figure and the bound that the candidate must keep before its speed is looked at.
struct QualityResult {
  enum class Bound { at_least, at_most };
  std::string metric;  ///< "accuracy", "perplexity", "max absolute error"
  double baseline = 0;
  double candidate = 0;
  Bound bound = Bound::at_least;
  double target = 0;  ///< the bound's value, in the metric's unit
  bool passed = false;
};

/// Whether the candidate's value keeps the bound; false where it is not a number. `passed` is this.
bool keeps_bound(const QualityResult& quality);

/// An estimate with its two-sided 95 % confidence interval.
struct Estimate {
  double median = 0;
  double low = 0;
  double high = 0;
};

/// Largest distance of the interval from 1: the noise floor that a ratio of like to like shows.
double noise_floor_of(const Estimate& noise);

/// Times of one side of a comparison, in seconds, in the order of the rounds.
struct Timing {
  std::vector<double> samples;
  Estimate seconds;
};

/// Each round runs the baseline, the candidate and the baseline again, in random order. The second
/// baseline gives the noise floor of this very case: what a change of nothing measures as.
struct Speed {
  Timing baseline;
  Timing candidate;
  Timing baseline_again;
  Estimate speedup;        ///< median over rounds of baseline time / candidate time
  Estimate noise;          ///< the same of baseline time / baseline_again time
  double noise_floor = 0;  ///< largest distance of `noise`'s interval from 1, a fraction
  double tolerance = 0;    ///< what the verdict treats as no difference; never below noise_floor
};

/// Resources of one run of each side. Bytes are what the allocator held at the peak above what it
/// held at the start; FLOPs are counted from shapes, 0 where a case does not count them.
struct Cost {
  std::int64_t baseline_peak_bytes = 0;
  std::int64_t candidate_peak_bytes = 0;
  double baseline_flops = 0;
  double candidate_flops = 0;
};

/// A further number that a case reports, without a gate.
struct Metric {
  std::string name;
  double value = 0;
  std::string unit;  ///< "%", "bytes", "GFLOP/s", or empty for a pure number
};

struct CaseResult {
  std::string id;  ///< "nlp/attention-dense-16k"
  Domain domain = Domain::nlp;
  std::string module;  ///< "dao", "hpts", "draf", "msp", "models"
  int version = 1;     ///< raised when the case changes what it measures
  std::string summary;
  std::string baseline;   ///< what A is
  std::string candidate;  ///< what B is
  Verdict verdict = Verdict::failed;
  std::string message;  ///< one sentence that explains the verdict
  DataSource data;
  // Absent where the case failed before it got there.
  std::optional<QualityResult> quality;
  std::optional<Speed> speed;
  std::optional<Cost> cost;
  std::vector<Metric> metrics;
  double seconds = 0;  ///< the whole case, with its preparation
};

struct Environment {
  std::string hadal_version;
  std::string commit;  ///< Git commit, "-dirty" appended where the tree differed; "unknown" outside
  std::string build_type;
  std::string compiler;
  std::string compiler_flags;
  std::string torch_version;
  std::string cpu;
  std::string isa;  ///< instruction set that the kernels use: "avx512_bf16"
  std::string os;
  int cores = 0;
  int threads = 0;
  std::int64_t memory_bytes = 0;
};

/// One published figure that Hadal sets out to reproduce, and what was measured of it.
struct Claim {
  std::string id;  ///< "a" to "h"
  std::string title;
  std::string published;
  std::optional<std::string> measured;  ///< absent until a case of this run fills it
  std::string conditions;
  std::string command;  ///< measures it; empty until a module does
};

struct Report {
  std::string run_id;     ///< 32 hexadecimal digits, new for each run
  std::string started;    ///< UTC, ISO 8601
  std::string finished;   ///< empty while running or when interrupted
  bool complete = false;  ///< false for a partial report
  std::string scale;      ///< "quick" or "full"
  std::uint64_t seed = 0;
  Environment environment;
  Estimate noise;          ///< A/A self-test of the machine before the first case
  double noise_floor = 0;  ///< largest distance of `noise`'s interval from 1, a fraction
  std::vector<CaseResult> cases;
  std::vector<Claim> claims;
};

}  // namespace hadal::bench
