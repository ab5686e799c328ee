#include "hadal/bench/compare/compare.h"

#include "hadal/bench/report/sample.h"
#include "hadal/core/columns.h"
#include "hadal/core/error.h"
#include "hadal/core/text.h"

#include <cmath>
#include <sstream>

#include <gtest/gtest.h>

namespace hadal::bench {
namespace {

using hadal::testing::error_of;
using testing::failed_case;
using testing::kSamples;
using testing::sample_case;
using testing::sample_path;
using testing::sample_report;

/// A second run: what sample_report() makes, under another id.
Report later_report(std::vector<CaseResult> cases) {
  Report report = sample_report(std::move(cases));
  report.run_id = std::string(32, '1');
  return report;
}

/// A case of which the median speedup is `median` and whose interval reaches 1 % to both sides.
CaseResult narrow_case(double median) {
  return sample_case("cv/one", {median, median / 1.01, median * 1.01});
}

CaseComparison compare_one(const CaseResult& before, const CaseResult& after) {
  const Comparison comparison = compare(sample_report({before}), later_report({after}));
  EXPECT_EQ(comparison.cases.size(), 1u);
  return comparison.cases.at(0);
}

TEST(Compare, FindsARunTheSameAsItself) {
  for (const char* name : kSamples) {
    const Report run = read_report(sample_path(name));
    const Comparison comparison = compare(run, run);
    ASSERT_EQ(comparison.cases.size(), run.cases.size());
    for (const CaseComparison& result : comparison.cases) {
      EXPECT_EQ(result.verdict, Verdict::same) << result.id;
    }
    EXPECT_FALSE(any_worse(comparison));
    EXPECT_TRUE(comparison.not_compared.empty());
  }
}

TEST(Compare, ListsEveryDifferenceThatForbidsAComparison) {
  const Report before = sample_report({sample_case("cv/one"), sample_case("cv/two")});
  Report after = later_report(before.cases);
  after.environment.cpu = "Other\x1b[2J";
  after.environment.threads = 4;
  after.environment.isa = "avx512";
  after.scale = "full";
  after.seed = 2;
  after.cases[0].version = 2;
  after.cases[1].data.sha256 = std::string(64, 'b');
  EXPECT_EQ(error_of<InvalidArgument>([&] { compare(before, after); }),
            "the runs cannot be compared, because they differ in\n"
            "  CPU: Example and Other [2J\n"
            "  threads: 2 and 4\n"
            "  instruction set: avx2 and avx512\n"
            "  scale: quick and full\n"
            "  seed: 1 and 2\n"
            "  cv/one: version: 1 and 2\n"
            "  cv/two: SHA-256 of the input: " +
                std::string(64, 'a') + " and " + std::string(64, 'b'));
}

TEST(Compare, RefusesRunsWithoutACommonCase) {
  EXPECT_EQ(error_of<InvalidArgument>([] {
              compare(sample_report({sample_case("cv/one")}),
                      later_report({sample_case("cv/two")}));
            }),
            "the runs cannot be compared, because they have no case in common");
}

TEST(Compare, RefusesAReportThatDoesNotValidate) {
  Report broken = later_report({sample_case("cv/one")});
  broken.noise_floor = 1;
  EXPECT_THROW(compare(sample_report({sample_case("cv/one")}), broken), InvalidArgument);
  EXPECT_THROW(compare(broken, sample_report({sample_case("cv/one")})), InvalidArgument);
}

TEST(Compare, WarnsOfWhatMayExplainAChange) {
  Report before = sample_report({sample_case("cv/one")});
  Report after = later_report(before.cases);
  EXPECT_TRUE(compare(before, after).warnings.empty());
  after.environment.torch_version = "9";
  after.environment.build_type = "Debug";
  after.environment.compiler = "other";
  after.environment.compiler_flags = "-O0";
  before.complete = after.complete = false;
  EXPECT_EQ(compare(before, after).warnings.size(), 6u);
}

TEST(Compare, TellsBetterWorseSameAndInconclusiveApart) {
  const CaseResult before = narrow_case(2);
  EXPECT_EQ(compare_one(before, narrow_case(2.2)).verdict, Verdict::better);
  EXPECT_EQ(compare_one(before, narrow_case(1.8)).verdict, Verdict::worse);
  EXPECT_EQ(compare_one(before, narrow_case(2.02)).verdict, Verdict::same);
  EXPECT_EQ(compare_one(before, narrow_case(1.98)).verdict, Verdict::same);
  EXPECT_EQ(compare_one(before, narrow_case(2.1)).verdict, Verdict::inconclusive);
  EXPECT_EQ(compare_one(before, sample_case("cv/one", {2, 1.5, 2.6})).verdict,
            Verdict::inconclusive);
  EXPECT_TRUE(any_worse(compare(sample_report({before}), later_report({narrow_case(1.8)}))));
  EXPECT_FALSE(any_worse(compare(sample_report({before}), later_report({narrow_case(2.2)}))));
}

TEST(Compare, TakesTheIntervalOfARatioByMover) {
  const CaseComparison result =
      compare_one(sample_case("cv/one", {2, 1.6, 2.2}), sample_case("cv/one", {3, 2.4, 3.6}));
  ASSERT_TRUE(result.change);
  // By hand, on the scale of logarithms, where the change is ln 1.5 = 0.40546511. It reaches down
  // as far as the root of ln(3/2.4)^2 + ln(2.2/2)^2 = 0.22314355^2 + 0.09531018^2, 0.24264599, and
  // up as far as the root of ln(3.6/3)^2 + ln(2/1.6)^2 = 0.18232156^2 + 0.22314355^2, 0.28815654.
  EXPECT_NEAR(result.change->median, 1.5, 1e-12);
  EXPECT_NEAR(result.change->low, std::exp(0.40546511 - 0.24264599), 1e-7);
  EXPECT_NEAR(result.change->high, std::exp(0.40546511 + 0.28815654), 1e-7);
}

TEST(Compare, WidensTheToleranceByTheNoiseFloorsInQuadrature) {
  const CaseResult quiet = narrow_case(2);
  EXPECT_DOUBLE_EQ(compare_one(quiet, quiet).tolerance, 0.05);
  const auto compared = [](double noise_before, double noise_after) {
    return compare_one(sample_case("cv/one", {2, 2 / 1.01, 2 * 1.01}, noise_before),
                       sample_case("cv/one", {1.8, 1.8 / 1.01, 1.8 * 1.01}, noise_after));
  };
  EXPECT_DOUBLE_EQ(compared(0.12, 0.16).tolerance, 0.2);
  EXPECT_EQ(compared(0.12, 0.16).verdict, Verdict::same);
  EXPECT_DOUBLE_EQ(compared(0.3, 0.4).tolerance, 0.5);
  EXPECT_EQ(compared(0.3, 0.4).verdict, Verdict::inconclusive);
}

TEST(Compare, TakesTheNoiseFloorOfTheMachineWhereItIsLarger) {
  Report before = sample_report({narrow_case(2)});
  before.noise = {1, 0.7, 1.1};
  before.noise_floor = 1 - 0.7;
  Report after = later_report({narrow_case(2)});
  after.noise = {1, 0.9, 1.4};
  after.noise_floor = 1.4 - 1;
  EXPECT_NEAR(compare(before, after).cases.at(0).tolerance, 0.5, 1e-12);
}

CaseResult with_memory(std::int64_t bytes) {
  CaseResult result = narrow_case(2);
  result.cost->candidate_peak_bytes = bytes;
  return result;
}

TEST(Compare, FindsACaseWorseThatTakesMoreMemory) {
  constexpr std::int64_t kMiB = 1 << 20;
  const CaseComparison grown = compare_one(with_memory(100 * kMiB), with_memory(106 * kMiB));
  EXPECT_EQ(grown.verdict, Verdict::worse);
  ASSERT_EQ(grown.reasons.size(), 1u);
  EXPECT_EQ(grown.reasons[0],
            "The candidate's peak memory grew from 100 MiB to 106 MiB (+6.0 %). Its speed alone is "
            "same.");
  // Up to 5 %, or up to 1 MiB, is no growth.
  EXPECT_EQ(compare_one(with_memory(100 * kMiB), with_memory(105 * kMiB)).verdict, Verdict::same);
  EXPECT_EQ(compare_one(with_memory(1000), with_memory(1000 + kMiB)).verdict, Verdict::same);
  EXPECT_EQ(compare_one(with_memory(1000), with_memory(1001 + kMiB)).verdict, Verdict::worse);
  EXPECT_EQ(compare_one(with_memory(0), with_memory(kMiB)).verdict, Verdict::same);
  EXPECT_EQ(compare_one(with_memory(0), with_memory(2 * kMiB)).reasons.at(0).find("inf"),
            std::string::npos);
  EXPECT_EQ(compare_one(with_memory(106 * kMiB), with_memory(100 * kMiB)).verdict, Verdict::same);
}

TEST(Compare, JudgesFailuresWithoutTheirSpeed) {
  const CaseResult passing = narrow_case(2);
  const CaseResult failing = failed_case("cv/one");
  const CaseComparison broken = compare_one(passing, failing);
  EXPECT_EQ(broken.verdict, Verdict::worse);
  EXPECT_TRUE(broken.speedup_before);
  EXPECT_FALSE(broken.speedup_after);
  EXPECT_FALSE(broken.change);
  EXPECT_EQ(broken.reasons.at(0), "Passed before and fails now: It threw.");
  const CaseComparison repaired = compare_one(failing, passing);
  EXPECT_EQ(repaired.verdict, Verdict::better);
  EXPECT_FALSE(repaired.change);
  EXPECT_EQ(compare_one(failing, failing).verdict, Verdict::inconclusive);
}

TEST(Compare, FindsACaseWorseThatACompleteRunLacks) {
  const Report before = sample_report({sample_case("cv/one"), sample_case("cv/two")});
  Report after = later_report({sample_case("cv/one"), sample_case("cv/three")});
  const Comparison complete = compare(before, after);
  ASSERT_EQ(complete.cases.size(), 2u);
  EXPECT_EQ(complete.cases[1].id, "cv/two");
  EXPECT_EQ(complete.cases[1].verdict, Verdict::worse);
  EXPECT_EQ(complete.not_compared, std::vector<std::string>{"cv/three: not in the baseline run"});
  after.complete = false;
  const Comparison partial = compare(before, after);
  EXPECT_EQ(partial.cases.size(), 1u);
  EXPECT_EQ(partial.not_compared,
            (std::vector<std::string>{"cv/two: not reached by the candidate run",
                                      "cv/three: not in the baseline run"}));
}

TEST(Compare, DoesNotCompareWhatWasSkipped) {
  CaseResult skipped = sample_case("cv/one", {1, 1, 1}, 1);
  skipped.verdict = Verdict::skipped;
  skipped.quality.reset();
  skipped.speed.reset();
  skipped.cost.reset();
  const CaseResult run = sample_case("cv/one", {1, 1, 1}, 1);
  for (const auto& [before, after] :
       {std::pair{skipped, run}, {run, skipped}, {skipped, skipped}}) {
    const Comparison result = compare(sample_report({before}), later_report({after}));
    EXPECT_TRUE(result.cases.empty());
    EXPECT_EQ(result.not_compared,
              std::vector<std::string>{"cv/one: skipped in one of the runs, or in both"});
  }
  const Comparison itself = compare(sample_report({skipped}), sample_report({skipped}));
  EXPECT_EQ(itself.cases.at(0).verdict, Verdict::same);
}

void expect_fit_for_a_terminal(const std::string& text) {
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    EXPECT_LE(columns_of(line), 100u) << line;
    EXPECT_EQ(printable(line), line);
  }
}

TEST(CompareText, KeepsToTheColumnsAndShowsNoControlCharacter) {
  Report hostile = read_report(sample_path("hostile.json"));
  Report later = hostile;
  later.run_id = std::string(32, '1');
  later.environment.compiler += "\x1b[2J";
  later.cases.pop_back();
  later.cases[0].verdict = Verdict::failed;
  expect_fit_for_a_terminal(to_text(compare(hostile, later)));
  const CaseResult extreme = sample_case("cv/" + std::string(200, 'x'), {1, 1e-300, 1e300}, 1e300);
  expect_fit_for_a_terminal(to_text(compare(sample_report({extreme}), later_report({extreme}))));
}

TEST(CompareText, ShowsTheTableTheReasonsAndTheCounts) {
  const std::string text =
      to_text(compare(sample_report({narrow_case(2)}), later_report({narrow_case(1.8)})));
  EXPECT_NE(text.find("cv/one                            worse         2.00x    1.80x    "
                      "0.900x [0.887, 0.913]  5.0 %\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("\n0 better, 0 same, 1 worse, 0 inconclusive\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace hadal::bench
