#include "hadal/bench/runner/measure.h"

#include "hadal/bench/runner/testing.h"
#include "hadal/core/error.h"

#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <ATen/ops/empty.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <gtest/gtest.h>

namespace hadal::bench {
namespace {

using testing::changed_case;
using testing::tiny_case;

const RoundsOptions kShort{.least = 5, .most = 5, .sample_seconds = 1e-4};

CaseResult measured(const Case& definition, const Context& context = {}) {
  return measure(definition, context, 0.0, kShort, [](std::string_view, int, int) {});
}

Quality quality_of(double baseline, double candidate) {
  return {.baseline = baseline, .candidate = candidate};
}

/// The tiny case with these figures and this gate.
CaseResult gated(const Gate& gate, double baseline, double candidate, bool generated = true) {
  Case definition = changed_case("cv/gated", [=](Workload& workload) {
    workload.data.generated = generated;
    workload.quality = [=] { return quality_of(baseline, candidate); };
  });
  definition.gate = gate;
  return measured(definition);
}

TEST(Measure, FillsInAllThatACaseSays) {
  const Case definition = tiny_case();
  const CaseResult result = measured(definition);
  EXPECT_EQ(result.id, definition.id);
  EXPECT_EQ(result.module, definition.module);
  EXPECT_EQ(result.baseline, definition.baseline);
  EXPECT_EQ(result.candidate, definition.candidate);
  EXPECT_EQ(result.data.description, "none");
  EXPECT_NE(result.verdict, Verdict::failed) << result.message;
  EXPECT_FALSE(result.message.empty());
  ASSERT_TRUE(result.speed && result.cost && result.quality);
  EXPECT_EQ(result.speed->baseline.samples.size(), 5U);
  EXPECT_GT(result.seconds, 0);
}

TEST(Measure, GivesRealDataToCasesThatNameIt) {
  Case definition = tiny_case();
  std::optional<std::filesystem::path> given;
  definition.prepare = [&given, prepare = definition.prepare](const Context& context) {
    given = context.data;
    return prepare(context);
  };
  measured(definition, {.data = "/sets"});
  EXPECT_FALSE(given);
  definition.real_data = "cv/digits";
  measured(definition, {.data = "/sets"});
  EXPECT_EQ(given, "/sets");
}

TEST(Measure, GoesThroughItsStagesInOrder) {
  std::vector<std::string> stages;
  measure(tiny_case(), {}, 0.0, kShort, [&](std::string_view stage, int, int) {
    if (stages.empty() || stages.back() != stage) stages.emplace_back(stage);
  });
  EXPECT_EQ(stages, (std::vector<std::string>{"preparing", "measuring quality", "measuring memory",
                                              "timing"}));
}

TEST(Measure, TimesNothingWhereTheGateDoesNotHold) {
  int runs = 0;
  Case definition = changed_case("cv/bad", [&runs](Workload& workload) {
    workload.quality = [] { return quality_of(1, 0.5); };
    workload.candidate = [&runs] { ++runs; };
  });
  const CaseResult result = measured(definition);
  EXPECT_EQ(result.verdict, Verdict::failed);
  EXPECT_EQ(
      result.message,
      "The candidate's counted is 0.5, but has to be at least 1; its speed was not measured.");
  EXPECT_FALSE(result.speed);
  EXPECT_EQ(runs, 0);
}

TEST(Measure, RefusesAFigureThatIsNoNumber) {
  const Gate gate{.metric = "loss", .bound = QualityResult::Bound::at_most, .target = 1};
  EXPECT_EQ(gated(gate, 0, std::numeric_limits<double>::quiet_NaN()).verdict, Verdict::failed);
}

TEST(Measure, HasAnotherTargetOnRealData) {
  const Gate gate{
      .metric = "loss", .bound = QualityResult::Bound::at_most, .target = 1, .target_on_real = 2};
  EXPECT_EQ(gated(gate, 0, 1.5, /*generated=*/true).verdict, Verdict::failed);
  EXPECT_NE(gated(gate, 0, 1.5, /*generated=*/false).verdict, Verdict::failed);
  EXPECT_EQ(gated(gate, 0, 1.5, /*generated=*/false).quality->target, 2);
}

TEST(Measure, HoldsTheCandidateToTheBaselineWhereThatIsStricter) {
  const Gate least{.metric = "accuracy", .target = 0.5, .most_relative_loss = 0.1};
  EXPECT_DOUBLE_EQ(gated(least, 0.9, 0.85).quality->target, 0.81);
  EXPECT_EQ(gated(least, 0.9, 0.8).verdict, Verdict::failed);
  EXPECT_DOUBLE_EQ(gated(least, 0.52, 0.5).quality->target, 0.5);
  const Gate most{.metric = "perplexity",
                  .bound = QualityResult::Bound::at_most,
                  .target = 10,
                  .most_relative_loss = 0.1};
  EXPECT_DOUBLE_EQ(gated(most, 5, 5.4).quality->target, 5.5);
  EXPECT_DOUBLE_EQ(gated(most, 9.9, 9.9).quality->target, 10);
}

TEST(Measure, MeasuresThePeakAndTheFlopsOfOneRun) {
  const at::Tensor matrix = at::ones({32, 32});
  const CaseResult result = measured(changed_case("cv/cost", [matrix](Workload& workload) {
    workload.baseline = [] { at::empty({1 << 20}, at::kByte); };
    workload.candidate = [matrix] { at::matmul(matrix, matrix); };
  }));
  EXPECT_EQ(result.cost->baseline_peak_bytes, 1 << 20);
  EXPECT_EQ(result.cost->baseline_flops, 0);
  EXPECT_EQ(result.cost->candidate_peak_bytes, 32 * 32 * 4);
  EXPECT_EQ(result.cost->candidate_flops, 2 * 32 * 32 * 32);
}

TEST(Measure, TakesFlopsThatACaseCountsItself) {
  const CaseResult result =
      measured(changed_case("cv/flops", [](Workload& workload) { workload.candidate_flops = 12; }));
  EXPECT_EQ(result.cost->candidate_flops, 12);
  EXPECT_EQ(result.cost->baseline_flops, 0);
}

TEST(Measure, SkipsACaseThatThisMachineCannotRun) {
  Case definition = tiny_case();
  definition.prepare = [](const Context&) -> Workload {
    throw Unsupported("no network namespaces", "run it as root");
  };
  const CaseResult result = measured(definition);
  EXPECT_EQ(result.verdict, Verdict::skipped);
  EXPECT_EQ(result.message, "no network namespaces (run it as root)");
}

TEST(Measure, TurnsWhatACaseThrowsIntoAFailure) {
  Case definition = tiny_case();
  definition.prepare = [](const Context&) -> Workload {
    throw FormatError("bad file", "fetch it");
  };
  EXPECT_EQ(measured(definition).verdict, Verdict::failed);
  EXPECT_EQ(measured(definition).message, "bad file (fetch it)");
  const CaseResult late = measured(changed_case("cv/late", [](Workload& workload) {
    workload.candidate = [] { throw std::runtime_error("out of luck"); };
  }));
  EXPECT_EQ(late.verdict, Verdict::failed);
  EXPECT_EQ(late.message, "out of luck");
  EXPECT_TRUE(late.quality);
  EXPECT_FALSE(late.speed);
}

TEST(Measure, LetsInterruptionThrough) {
  Context context;
  int checks = 0;
  context.check_interrupt = [&checks] {
    if (++checks == 3) throw Interrupted("stopped");
  };
  EXPECT_THROW(measured(tiny_case(), context), Interrupted);
}

}  // namespace
}  // namespace hadal::bench
