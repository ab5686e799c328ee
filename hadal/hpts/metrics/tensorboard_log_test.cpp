#include "hadal/hpts/metrics/tensorboard_log.h"

#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/hpts/metrics/crc32c.h"
#include "hadal/testing/paths.h"

#include <fstream>
#include <limits>

#include <gtest/gtest.h>

namespace hadal::hpts {
namespace {

using hadal::testing::TemporaryFolder;

// RFC 3720, appendix B.4.
TEST(Crc32c, GivesThePublishedValues) {
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(crc32c(std::string(32, '\xFF')), 0x62A8AB43U);
  std::string ascending;
  for (char byte = 0; byte < 32; ++byte) ascending += byte;
  EXPECT_EQ(crc32c(ascending), 0x46DD794EU);
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(crc32c(""), 0U);
}

TEST(TensorBoardLog, WritesTheBytesOfTheTensorBoardPackage) {
  const std::string expected =
      read_file(hadal::testing::source_path("hadal/hpts/metrics/testdata/golden.tfevents"));
  std::string actual = tensorboard_record(tensorboard_version_event(1.5));
  for (const StepMetrics& metrics :
       {StepMetrics{1, 2.25, {{"loss", 0.25}, {"accuracy", 1e-3}}},
        StepMetrics{5'000'000'000, 1.7e9, {{"loss", std::numeric_limits<double>::infinity()}}},
        StepMetrics{300, 1.7e9, {}}}) {
    actual += tensorboard_record(tensorboard_event(metrics));
  }
  EXPECT_EQ(actual, expected);
}

TEST(TensorBoardLog, BeginsAFileOfItsOwnARun) {
  const TemporaryFolder folder;
  for (int run = 0; run < 2; ++run) {
    TensorBoardLog log(folder / "runs");
    log.write({.step = 1, .wall_time = 2.25, .values = {{"loss", 0.25}, {"accuracy", 1e-3}}});
  }
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "runs")) {
    ++files;
    EXPECT_TRUE(entry.path().filename().string().starts_with("events.out.tfevents."));
    EXPECT_TRUE(read_file(entry.path())
                    .ends_with(tensorboard_record(
                        tensorboard_event({1, 2.25, {{"loss", 0.25}, {"accuracy", 1e-3}}}))));
  }
  EXPECT_EQ(files, 2);
}

TEST(TensorBoardLog, SaysWhereItCannotWrite) {
  const TemporaryFolder folder;
  std::ofstream(folder / "file") << "x";
  EXPECT_THROW(TensorBoardLog(folder / "file"), IoError);
}

}  // namespace
}  // namespace hadal::hpts
