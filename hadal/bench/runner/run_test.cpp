#include "hadal/bench/runner/run.h"

#include "hadal/bench/report/json.h"
#include "hadal/bench/runner/environment.h"
#include "hadal/bench/runner/resume.h"
#include "hadal/bench/runner/testing.h"
#include "hadal/core/error.h"
#include "hadal/core/system.h"

#include <functional>
#include <string>
#include <vector>

#include <ATen/ops/rand.h>
#include <gtest/gtest.h>

namespace hadal::bench {
namespace {

using testing::changed_case;
using testing::tiny_case;

struct Watcher {
  std::vector<Report> reports;
  RunObserver observer() {
    return {.stage = [](int, std::string_view, std::string_view, int, int) {},
            .progressed = [this](const Report& report) { reports.push_back(report); }};
  }
};

TEST(Run, ReportsAllCasesWithClaimsAndEnvironment) {
  Watcher watcher;
  const Report report =
      run({tiny_case("cv/a"), tiny_case("cv/b")}, {.seed = 7}, watcher.observer());
  EXPECT_TRUE(report.complete);
  EXPECT_EQ(report.seed, 7U);
  EXPECT_EQ(report.scale, "quick");
  ASSERT_EQ(report.cases.size(), 2U);
  EXPECT_EQ(report.cases[1].id, "cv/b");
  EXPECT_EQ(report.claims.size(), 8U);
  EXPECT_GE(report.environment.threads, 1);
  EXPECT_FALSE(report.environment.cpu.empty());
  EXPECT_NO_THROW(to_json(report));
}

TEST(Run, CanBeWrittenAtEveryStep) {
  Watcher watcher;
  run({tiny_case("cv/a"), tiny_case("cv/b")}, {}, watcher.observer());
  ASSERT_EQ(watcher.reports.size(), 4U);  // the self-test, two cases, the end
  for (std::size_t i = 0; i < watcher.reports.size(); ++i) {
    EXPECT_NO_THROW(to_json(watcher.reports[i])) << i;
    EXPECT_EQ(watcher.reports[i].complete, i == 3) << i;
  }
  EXPECT_EQ(watcher.reports[1].cases.size(), 1U);
}

TEST(Run, KeepsWhatWasDoneWhenInterrupted) {
  Watcher watcher;
  bool stop = false;
  const Case stopping = changed_case(
      "cv/b", [&stop](Workload& workload) { workload.candidate = [&stop] { stop = true; }; });
  Context context;
  context.check_interrupt = [&stop] {
    if (stop) throw Interrupted("stopped");
  };
  const Report report =
      run({tiny_case("cv/a"), stopping, tiny_case("cv/c")}, context, watcher.observer());
  EXPECT_FALSE(report.complete);
  EXPECT_TRUE(report.finished.empty());
  ASSERT_EQ(report.cases.size(), 1U);
  EXPECT_EQ(report_from_json(to_json(report), "partial").cases.size(), 1U);
}

TEST(Run, CanBeInterruptedInTheSelfTest) {
  Watcher watcher;
  Context context;
  context.check_interrupt = [] { throw Interrupted("stopped"); };
  const Report report = run({tiny_case()}, context, watcher.observer());
  EXPECT_TRUE(report.cases.empty());
  EXPECT_NO_THROW(to_json(report));
}

TEST(Run, GoesOnAfterACaseThatFailed) {
  Watcher watcher;
  Case broken = tiny_case("cv/a");
  broken.prepare = [](const Context&) -> Workload { throw Error("broken"); };
  const Report report = run({broken, tiny_case("cv/b")}, {}, watcher.observer());
  EXPECT_TRUE(report.complete);
  EXPECT_EQ(report.cases[0].verdict, Verdict::failed);
  EXPECT_NE(report.cases[1].verdict, Verdict::failed);
}

TEST(Run, GoesOnWithAnEarlierRun) {
  Watcher watcher;
  Case broken = tiny_case("cv/b");
  broken.prepare = [](const Context&) -> Workload { throw Error("broken"); };
  Case older = tiny_case("cv/d");
  Report before = run({tiny_case("cv/c"), broken, older}, {}, watcher.observer());
  before.complete = false;
  before.finished.clear();
  before.noise = {.median = 1, .low = 1, .high = 9};  // no self-test comes out as badly
  before.noise_floor = noise_floor_of(before.noise);
  const double seconds = before.cases[1].seconds;
  older.version += 1;
  const std::vector<Case> all{tiny_case("cv/a"), tiny_case("cv/b"), tiny_case("cv/c"), older};
  const std::vector<Case> left = left_of(all, {}, before);
  ASSERT_EQ(left.size(), 3U);
  const Report report = run(left, {}, watcher.observer(), before);
  EXPECT_TRUE(report.complete);
  EXPECT_EQ(report.run_id, before.run_id);
  EXPECT_EQ(report.started, before.started);
  EXPECT_EQ(report.noise_floor, before.noise_floor);
  ASSERT_EQ(report.cases.size(), 4U);
  EXPECT_EQ(report.cases[0].id, "cv/a");
  EXPECT_NE(report.cases[1].verdict, Verdict::failed);
  EXPECT_EQ(report.cases[2].id, "cv/c");
  EXPECT_EQ(report.cases[2].seconds, seconds);
  EXPECT_EQ(report.cases[3].version, older.version);
}

TEST(Run, DoesNotGoOnWithAnotherRun) {
  Watcher watcher;
  const Report report = run({tiny_case("cv/a")}, {.seed = 1}, watcher.observer());
  const auto refused = [&](const Context& context, const std::function<void(Report&)>& change) {
    Report changed = report;
    change(changed);
    try {
      left_of({}, context, changed);
    } catch (const InvalidArgument& error) {
      return std::string(error.what());
    }
    return std::string("nothing");
  };
  const auto as_it_is = [](Report&) {};
  EXPECT_EQ(refused({.seed = 1}, as_it_is), "nothing");
  EXPECT_NE(refused({.seed = 2}, as_it_is).find("another seed: 1 where this one has 2"),
            std::string::npos);
  EXPECT_NE(refused({.scale = Scale::full, .seed = 1}, as_it_is).find("scale: quick"),
            std::string::npos);
  EXPECT_NE(refused({.seed = 1}, [](Report& x) { x.environment.commit = "other"; }).find("commit"),
            std::string::npos);
  EXPECT_NE(refused({.seed = 1}, [](Report& x) { x.environment.cpu = "other"; }).find("machine"),
            std::string::npos);
}

TEST(Run, StartsEachCaseFromTheSeedWhateverRanBefore) {
  std::vector<float> drawn;
  const auto drawing = [&drawn](const std::string& id) {
    return changed_case(id, [&drawn](Workload&) { drawn.push_back(at::rand({1}).item<float>()); });
  };
  Watcher watcher;
  run({drawing("cv/a"), drawing("cv/b")}, {.seed = 3}, watcher.observer());
  run({drawing("cv/a")}, {.seed = 4}, watcher.observer());
  ASSERT_EQ(drawn.size(), 3U);
  EXPECT_EQ(drawn[0], drawn[1]);
  EXPECT_NE(drawn[0], drawn[2]);
}

TEST(Environment, NamesRunsApart) {
  EXPECT_EQ(new_run_id().size(), 32U);
  EXPECT_NE(new_run_id(), new_run_id());
  EXPECT_EQ(utc_now().size(), std::string("2026-01-31T12:34:56Z").size());
}

}  // namespace
}  // namespace hadal::bench
