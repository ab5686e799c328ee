#include "hadal/bench/compare/compatible.h"

#include "hadal/bench/report/format.h"
#include "hadal/core/error.h"
#include "hadal/core/text.h"

#include <algorithm>

namespace hadal::bench {
namespace {

/// Collects what differs, as "cpu: A and B".
class Differences {
 public:
  template <class Value>
  void check(const std::string& what, const Value& baseline, const Value& candidate) {
    if (baseline != candidate) {
      found_.push_back(printable(concat(what, ": ", baseline, " and ", candidate)));
    }
  }
  const std::vector<std::string>& found() const { return found_; }

 private:
  std::vector<std::string> found_;
};

void check_case(const CaseResult& before, const CaseResult& after, Differences& differences) {
  differences.check(before.id + ": version", before.version, after.version);
  // A case that failed before it had its input has no hash to compare.
  if (!before.data.sha256.empty() && !after.data.sha256.empty()) {
    differences.check(before.id + ": SHA-256 of the input", before.data.sha256, after.data.sha256);
  }
}

}  // namespace

const CaseResult* find_case(const Report& report, const std::string& id) {
  const auto found = std::find_if(report.cases.begin(), report.cases.end(),
                                  [&](const CaseResult& result) { return result.id == id; });
  return found == report.cases.end() ? nullptr : &*found;
}

void require_compatible(const Report& baseline_run, const Report& candidate_run) {
  const Environment& before = baseline_run.environment;
  const Environment& after = candidate_run.environment;
  Differences differences;
  differences.check("CPU", before.cpu, after.cpu);
  differences.check("threads", before.threads, after.threads);
  differences.check("instruction set", before.isa, after.isa);
  differences.check("scale", baseline_run.scale, candidate_run.scale);
  differences.check("seed", baseline_run.seed, candidate_run.seed);
  bool any_common = false;
  for (const CaseResult& result : baseline_run.cases) {
    const CaseResult* other = find_case(candidate_run, result.id);
    if (other == nullptr) continue;
    any_common = true;
    check_case(result, *other, differences);
  }
  if (!differences.found().empty()) {
    std::string text = "the runs cannot be compared, because they differ in";
    for (const std::string& difference : differences.found()) text += "\n  " + difference;
    throw InvalidArgument(text, "run both on the same machine with the same options and data");
  }
  if (!any_common) {
    throw InvalidArgument("the runs cannot be compared, because they have no case in common",
                          "run the same cases in both");
  }
}

std::vector<std::string> warnings_of(const Report& baseline_run, const Report& candidate_run) {
  std::vector<std::string> warnings;
  if (!baseline_run.complete) {
    warnings.push_back("The baseline run is partial: only the cases that it reached are compared.");
  }
  if (!candidate_run.complete) {
    warnings.push_back(
        "The candidate run is partial: only the cases that it reached are compared.");
  }
  const Environment& before = baseline_run.environment;
  const Environment& after = candidate_run.environment;
  Differences differences;
  differences.check("LibTorch", before.torch_version, after.torch_version);
  differences.check("build type", before.build_type, after.build_type);
  differences.check("compiler", before.compiler, after.compiler);
  differences.check("compiler flags", before.compiler_flags, after.compiler_flags);
  for (const std::string& difference : differences.found()) {
    warnings.push_back(concat("The runs differ in ", difference,
                              ". A change may stem from it, in the baselines too."));
  }
  return warnings;
}

}  // namespace hadal::bench
