#include "hadal/bench/report/json.h"
#include "hadal/bench/runner/registry.h"
#include "hadal/bench/runner/testing.h"
#include "hadal/cli/exit_code.h"
#include "hadal/cli/testing/call.h"
#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/testing/paths.h"

#include <csignal>

namespace hadal::cli {
namespace {

using bench::testing::changed_case;
using bench::testing::tiny_case;
using hadal::testing::TemporaryFolder;
using testing::call;

bench::Case same() { return tiny_case("cv/test-same"); }

bench::Case failing() {
  return changed_case("cv/test-failing", [](bench::Workload& workload) {
    workload.quality = [] { return bench::Quality{.baseline = 1, .candidate = 0}; };
  });
}

/// Has Ctrl-C pressed the third time that its candidate runs, which is within the timing.
bench::Case interrupting() {
  return changed_case("cv/test-interrupting", [](bench::Workload& workload) {
    workload.candidate = [runs = 0]() mutable {
      if (++runs == 3) std::raise(SIGINT);
    };
  });
}

const bool registered = bench::register_case(same()) && bench::register_case(failing()) &&
                        bench::register_case(interrupting());

/// HADAL_DATA for as long as the object lives.
class DataVariable {
 public:
  explicit DataVariable(const std::string& value) { ::setenv("HADAL_DATA", value.c_str(), 1); }
  ~DataVariable() {
    if (before_.empty()) {
      ::unsetenv("HADAL_DATA");
    } else {
      ::setenv("HADAL_DATA", before_.c_str(), 1);
    }
  }
  DataVariable(const DataVariable&) = delete;
  DataVariable& operator=(const DataVariable&) = delete;

 private:
  std::string before_ = std::getenv("HADAL_DATA") ? std::getenv("HADAL_DATA") : "";
};

TEST(BenchList, DescribesCasesOrNamesThem) {
  ASSERT_TRUE(registered);
  const auto described = call({"bench", "list", "cv/test-same"});
  EXPECT_EQ(described.status, kDone);
  EXPECT_NE(described.output.find("quality: counted at least 1"), std::string::npos)
      << described.output;
  EXPECT_EQ(call({"bench", "list", "--ids", "cv"}).output,
            "cv/test-failing\ncv/test-interrupting\ncv/test-same\n");
  EXPECT_EQ(call({"bench", "list", "--ids", "--real-data", "cv"}).output, "");
  EXPECT_EQ(call({"bench", "list", "nothing"}).status, kUnusable);
}

TEST(BenchRun, WritesBothReportsAndATable) {
  const TemporaryFolder folder;
  const DataVariable none("");
  const auto outcome = call({"bench", "run", "cv/test-same", "--json", folder / "a.json", "--html",
                             folder / "a.html", "--seed", "5", "--threads", "1"});
  EXPECT_EQ(outcome.status, kDone) << outcome.errors;
  EXPECT_NE(outcome.output.find("cv/test-same"), std::string::npos);
  EXPECT_NE(outcome.output.find("Noise floor"), std::string::npos);
  EXPECT_NE(outcome.output.find("wrote " + (folder / "a.html").string()), std::string::npos);
  const bench::Report report = bench::read_report(folder / "a.json");
  EXPECT_TRUE(report.complete);
  EXPECT_EQ(report.seed, 5U);
  EXPECT_EQ(report.environment.threads, 1);
  EXPECT_NE(read_file(folder / "a.html").find("cv/test-same"), std::string::npos);
}

TEST(BenchRun, TellsItsProgressInPlainLines) {
  const DataVariable none("");
  const auto outcome = call({"bench", "run", "cv/test-same"});
  EXPECT_EQ(outcome.errors.find('\x1b'), std::string::npos);
  EXPECT_EQ(outcome.errors.find('\r'), std::string::npos);
  EXPECT_NE(outcome.errors.find("noise floor of this machine: "), std::string::npos);
  EXPECT_NE(outcome.errors.find("\n[1/1] cv/test-same\ncv/test-same: "), std::string::npos)
      << outcome.errors;
}

TEST(BenchRun, ExitsWithOneWhereACaseFailed) {
  const DataVariable none("");
  const auto outcome = call({"bench", "run", "cv/test-failing"});
  EXPECT_EQ(outcome.status, kVerdict);
  EXPECT_NE(outcome.output.find("has to be at least 1"), std::string::npos) << outcome.output;
}

TEST(BenchRun, LeavesAValidPartialReportWhenInterrupted) {
  const TemporaryFolder folder;
  const DataVariable none("");
  const auto outcome = call({"bench", "run", "cv/test-failing", "cv/test-interrupting",
                             "cv/test-same", "--json", folder / "a.json"});
  EXPECT_EQ(outcome.status, kInterrupted);
  const bench::Report report = bench::read_report(folder / "a.json");
  EXPECT_FALSE(report.complete);
  ASSERT_EQ(report.cases.size(), 1U);
  EXPECT_EQ(report.cases[0].id, "cv/test-failing");
  EXPECT_NE(outcome.output.find("Partial"), std::string::npos) << outcome.output;
  // The handlers are gone again, and another run is not affected.
  EXPECT_EQ(call({"bench", "run", "cv/test-same"}).status, kDone);
}

TEST(BenchRun, GoesOnWithTheRunThatLeftAReport) {
  const TemporaryFolder folder;
  const DataVariable none("");
  const auto run = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"bench", "run", "--json", folder / "a.json", "--resume"});
    return call(words);
  };
  EXPECT_EQ(run({"cv/test-same"}).status, kDone);
  bench::Report before = bench::read_report(folder / "a.json");
  before.complete = false;
  before.finished.clear();
  write_file(folder / "a.json", bench::to_json(before));
  const auto outcome = run({"cv/test-failing", "cv/test-same"});
  EXPECT_EQ(outcome.status, kVerdict);
  EXPECT_NE(outcome.errors.find("[1/1] cv/test-failing"), std::string::npos) << outcome.errors;
  EXPECT_EQ(outcome.errors.find("cv/test-same"), std::string::npos) << outcome.errors;
  const bench::Report report = bench::read_report(folder / "a.json");
  EXPECT_TRUE(report.complete);
  EXPECT_EQ(report.run_id, before.run_id);
  EXPECT_EQ(report.cases.size(), 2U);
  const auto other_seed = run({"cv/test-same", "--seed", "2"});
  EXPECT_EQ(other_seed.status, kUnusable);
  EXPECT_NE(other_seed.errors.find("delete the file"), std::string::npos) << other_seed.errors;
  EXPECT_EQ(call({"bench", "run", "cv/test-same", "--resume"}).status, kUnusable);
}

TEST(BenchRun, RefusesADataFolderThatIsNotThere) {
  const DataVariable wrong("/nowhere/data");
  const auto outcome = call({"bench", "run", "cv/test-same"});
  EXPECT_EQ(outcome.status, kUnusable);
  EXPECT_NE(outcome.errors.find("HADAL_DATA: /nowhere/data is not a folder"), std::string::npos);
}

TEST(BenchRun, SaysBeforeTheWorkThatItCannotWrite) {
  const DataVariable none("");
  const auto outcome =
      call({"bench", "run", "cv/test-interrupting", "--json", "/nowhere/report.json"});
  EXPECT_EQ(outcome.status, kUnusable);
  EXPECT_NE(outcome.errors.find("/nowhere/report.json"), std::string::npos) << outcome.errors;
}

TEST(BenchCompare, FindsARunTheSameAsItself) {
  const TemporaryFolder folder;
  const DataVariable none("");
  call({"bench", "run", "cv/test-same", "cv/test-failing", "--json", folder / "a.json"});
  const auto outcome = call({"bench", "compare", folder / "a.json", folder / "a.json"});
  EXPECT_EQ(outcome.status, kDone) << outcome.errors;
  EXPECT_NE(outcome.output.find("2 same"), std::string::npos) << outcome.output;
}

TEST(BenchCompare, ExitsWithOneWhereACaseGotWorse) {
  const TemporaryFolder folder;
  const DataVariable none("");
  call({"bench", "run", "cv/test-same", "--json", folder / "a.json"});
  bench::Report worse = bench::read_report(folder / "a.json");
  worse.run_id = std::string(32, 'f');
  worse.cases[0].verdict = bench::Verdict::failed;
  write_file(folder / "b.json", bench::to_json(worse));
  EXPECT_EQ(call({"bench", "compare", folder / "a.json", folder / "b.json"}).status, kVerdict);
  EXPECT_EQ(call({"bench", "compare", folder / "b.json", folder / "a.json"}).status, kDone);
}

TEST(BenchCompare, ExitsWithTwoForWhatItCannotCompare) {
  const TemporaryFolder folder;
  const DataVariable none("");
  call({"bench", "run", "cv/test-same", "--json", folder / "a.json"});
  call({"bench", "run", "cv/test-same", "--seed", "2", "--json", folder / "b.json"});
  write_file(folder / "c.json", "{");
  EXPECT_EQ(call({"bench", "compare", folder / "a.json", folder / "b.json"}).status, kUnusable);
  EXPECT_EQ(call({"bench", "compare", folder / "a.json", folder / "c.json"}).status, kUnusable);
  EXPECT_EQ(call({"bench", "compare", folder / "a.json", folder / "d.json"}).status, kUnusable);
}

TEST(BenchReport, ShowsATableOrMakesAPage) {
  const TemporaryFolder folder;
  const std::string sample =
      hadal::testing::source_path("hadal/bench/report/testdata/complete.json");
  const auto table = call({"bench", "report", sample});
  EXPECT_EQ(table.status, kDone);
  EXPECT_NE(table.output.find("nlp/attention-dense-16k"), std::string::npos);
  EXPECT_EQ(call({"bench", "report", sample, "--html", folder / "a.html"}).status, kDone);
  EXPECT_NE(read_file(folder / "a.html").find("<title>"), std::string::npos);
}

}  // namespace
}  // namespace hadal::cli
