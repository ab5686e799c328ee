#include "hadal/bench/report/exercise.h"
#include "hadal/bench/report/sample.h"

#include <filesystem>

#include <gtest/gtest.h>

namespace hadal::bench {
namespace {

// What the fuzzer starts from and what it found, each held to the fuzzer's promises.
TEST(ReportCorpus, IsReadAndRenderedOrRefused) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(testing::sample_path("corpus"))) {
    SCOPED_TRACE(entry.path());
    EXPECT_NO_THROW(exercise_report(read_file(entry.path())));
    ++files;
  }
  EXPECT_GT(files, 5);
}

}  // namespace
}  // namespace hadal::bench
