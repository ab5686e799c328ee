#include "hadal/hpts/metrics/csv_log.h"

#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/testing/error_of.h"
#include "hadal/testing/paths.h"

#include <gtest/gtest.h>

namespace hadal::hpts {
namespace {

using hadal::testing::TemporaryFolder;

StepMetrics at_step(std::int64_t step) {
  return {.step = step, .wall_time = 2.5, .values = {{"loss", 1.0 / static_cast<double>(step)}}};
}

TEST(CsvLog, WritesAHeaderAndALineAStep) {
  const TemporaryFolder folder;
  CsvLog log(folder / "a.csv");
  log.write(at_step(2));
  log.write(at_step(3));
  EXPECT_EQ(read_file(folder / "a.csv"),
            "step,wall_time,loss\n2,2.500,0.5\n3,2.500,0.33333333333333331\n");
}

TEST(CsvLog, StartsAnewUnlessToldToResume) {
  const TemporaryFolder folder;
  CsvLog(folder / "a.csv").write(at_step(1));
  CsvLog(folder / "a.csv").write(at_step(2));
  EXPECT_EQ(read_file(folder / "a.csv"), "step,wall_time,loss\n2,2.500,0.5\n");
}

TEST(CsvLog, ResumesAfterAStepWithoutTheLinesBeyondOrALineCutOff) {
  const TemporaryFolder folder;
  write_file(folder / "a.csv", "step,wall_time,loss\n1,2.500,9\n2,2.500,8\n4,2.500,7\n8,2.5");
  {
    CsvLog log(folder / "a.csv", 2);
    log.write(at_step(4));
  }
  EXPECT_EQ(read_file(folder / "a.csv"),
            "step,wall_time,loss\n1,2.500,9\n2,2.500,8\n4,2.500,0.25\n");
  CsvLog(folder / "b.csv", 2).write(at_step(4));
  EXPECT_EQ(read_file(folder / "b.csv"), "step,wall_time,loss\n4,2.500,0.25\n");
}

TEST(CsvLog, RefusesOtherColumnsAndOtherFiles) {
  const TemporaryFolder folder;
  CsvLog log(folder / "a.csv");
  log.write(at_step(1));
  EXPECT_EQ(hadal::testing::error_of<InvalidArgument>(
                [&] { log.write({.step = 2, .wall_time = 0, .values = {{"x", 1}}}); }),
            "CsvLog: expected the columns step,wall_time,loss, got step,wall_time,x");
  EXPECT_THROW(CsvLog(folder / "c.csv").write({.step = 2, .wall_time = 0, .values = {{"a,b", 1}}}),
               InvalidArgument);
  write_file(folder / "notes", "what I did\n1,2\n");
  EXPECT_THROW(CsvLog(folder / "notes", 1), FormatError);
  EXPECT_EQ(read_file(folder / "notes"), "what I did\n1,2\n");
  write_file(folder / "b.csv", "step,wall_time,loss\nx,1\n");
  EXPECT_THROW(CsvLog(folder / "b.csv", 1), FormatError);
}

}  // namespace
}  // namespace hadal::hpts
