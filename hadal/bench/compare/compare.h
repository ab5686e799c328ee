#pragma once

#include "hadal/bench/report/report.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hadal::bench {

/// What became of one case between two runs.
struct CaseComparison {
  std::string id;
  Verdict verdict = Verdict::inconclusive;  ///< of the candidate run; never `failed`
  std::optional<Estimate> speedup_before;   ///< in the baseline run; absent where the case failed
  std::optional<Estimate> speedup_after;    ///< in the candidate run
  std::optional<Estimate> change;           ///< speedup_after / speedup_before; above 1 is faster
  double tolerance = 0;                     ///< a fraction; changes within it count as none
  std::vector<std::string> reasons;         ///< what decided besides the change, a sentence each
};

struct Comparison {
  std::string baseline_run;   ///< run id, commit and start, for people
  std::string candidate_run;  ///< the same
  std::vector<CaseComparison> cases;
  std::vector<std::string> not_compared;  ///< cases that one run lacks, and why that is no verdict
  std::vector<std::string> warnings;
};

/// Compares two runs of the benchmarks, for example before and after a change of the code.
///
/// Each run measured its candidates against baselines of its own, in the same minutes, so the ratio
/// of the two speedups is free of the machine's drift between the runs. Its 95 % interval follows
/// from those of the speedups by MOVER (Zou and Donner, 2008) on the logarithmic scale. A case is
/// better or worse only where the whole interval is beyond the tolerance: 5 %, or where it is more,
/// the two runs' noise floors added in quadrature. Whatever the speed, a case is worse that passed
/// its quality gate and now fails, whose candidate's peak memory grew by more than 5 % and 1 MiB,
/// or that a complete candidate run lacks. A run compared with itself is the same in every case.
///
/// Throws InvalidArgument, listing every difference, where the runs cannot be compared: different
/// CPU, threads, instruction set, scale or seed, or for a case in both a different version or
/// input; also where no case is in both, or validate() refuses a report.
Comparison compare(const Report& baseline_run, const Report& candidate_run);

/// Whether any case got worse: what makes `hadal bench compare` exit with 1.
bool any_worse(const Comparison& comparison);

/// The comparison as a plain table of at most 100 columns, without control characters.
std::string to_text(const Comparison& comparison);

}  // namespace hadal::bench
