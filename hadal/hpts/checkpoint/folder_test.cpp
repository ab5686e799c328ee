#include "hadal/hpts/checkpoint/folder.h"

#include "hadal/core/error.h"
#include "hadal/core/log.h"
#include "hadal/testing/error_of.h"
#include "hadal/testing/paths.h"

#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <ATen/ops/full.h>
#include <gtest/gtest.h>

namespace hadal::hpts {
namespace {

using hadal::testing::error_of;
using hadal::testing::TemporaryFolder;

Checkpoint at_step(std::int64_t step) {
  return {.step = step, .tensors = {{"w", at::full({3}, static_cast<float>(step))}}};
}

std::filesystem::path file_of(const std::filesystem::path& folder, const std::string& step,
                              const std::string& rank = "rank-0-of-1") {
  return folder / rank / ("step-" + step + ".safetensors");
}

/// What is logged while it lives.
class Logged {
 public:
  Logged() {
    set_log_sink([this](LogLevel, std::string_view message) { text_ += message; });
  }
  ~Logged() { set_log_sink({}); }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

TEST(CheckpointFolder, IsEmptyAtFirst) {
  const TemporaryFolder folder;
  const CheckpointFolder checkpoints(folder / "a" / "b");
  EXPECT_TRUE(checkpoints.steps().empty());
  EXPECT_FALSE(checkpoints.load_latest());
}

TEST(CheckpointFolder, KeepsTheNewest) {
  const TemporaryFolder folder;
  CheckpointFolder checkpoints(folder.path(), {}, 3);
  for (const std::int64_t step : {10, 20, 30, 40, 1'000'000'000}) checkpoints.save(at_step(step));
  EXPECT_EQ(checkpoints.steps(), (std::vector<std::int64_t>{1'000'000'000, 40, 30}));
  EXPECT_EQ(checkpoints.load_latest()->step, 1'000'000'000);
  EXPECT_EQ(checkpoints.load(30).tensors.at("w")[0].item<float>(), 30);
  EXPECT_THROW(checkpoints.load(20), IoError);
}

TEST(CheckpointFolder, GoesBackToTheOneBeforeADamagedFile) {
  const TemporaryFolder folder;
  CheckpointFolder checkpoints(folder.path(), {}, 3);
  for (const std::int64_t step : {1, 2, 3}) checkpoints.save(at_step(step));
  std::filesystem::resize_file(file_of(folder.path(), "000000003"), 40);
  {
    std::fstream file(file_of(folder.path(), "000000002"), std::ios::in | std::ios::out);
    file.seekp(-1, std::ios::end);
    file.put('!');
  }
  const Logged logged;
  EXPECT_EQ(checkpoints.load_latest()->step, 1);
  EXPECT_NE(logged.text().find("step-000000003"), std::string::npos) << logged.text();
  EXPECT_NE(logged.text().find("does not fit its checksum"), std::string::npos) << logged.text();
}

TEST(CheckpointFolder, RefusesAFileUnderAnotherName) {
  const TemporaryFolder folder;
  CheckpointFolder checkpoints(folder.path());
  checkpoints.save(at_step(5));
  std::filesystem::rename(file_of(folder.path(), "000000005"), file_of(folder.path(), "000000006"));
  EXPECT_THROW(checkpoints.load(6), FormatError);
}

TEST(CheckpointFolder, IgnoresOtherFilesAndRemovesHalfWrittenOnes) {
  const TemporaryFolder folder;
  {
    CheckpointFolder(folder.path()).save(at_step(5));
  }
  const auto own = folder / "rank-0-of-1";
  for (const char* name : {".hadal-12ab", "step-x.safetensors", "step--1.safetensors", "notes"}) {
    std::ofstream(own / name) << "x";
  }
  const CheckpointFolder again(folder.path());
  EXPECT_EQ(again.steps(), std::vector<std::int64_t>{5});
  EXPECT_FALSE(std::filesystem::exists(own / ".hadal-12ab"));
  EXPECT_TRUE(std::filesystem::exists(own / "notes"));
}

TEST(CheckpointFolder, RefusesASecondWriter) {
  const TemporaryFolder folder;
  const CheckpointFolder first(folder.path());
  EXPECT_EQ(error_of<IoError>([&] { CheckpointFolder second(folder.path()); }),
            "another process writes checkpoints to " + (folder / "rank-0-of-1").string());
}

TEST(CheckpointFolder, TakesOnlyStepsThatAllRanksHave) {
  const TemporaryFolder folder;
  CheckpointFolder zero(folder.path(), {.index = 0, .count = 2});
  CheckpointFolder one(folder.path(), {.index = 1, .count = 2});
  zero.save(at_step(1));
  one.save(at_step(1));
  zero.save(at_step(2));
  EXPECT_EQ(zero.steps(), std::vector<std::int64_t>{1});
  EXPECT_EQ(one.steps(), std::vector<std::int64_t>{1});
  one.save(at_step(2));
  EXPECT_EQ(zero.steps(), (std::vector<std::int64_t>{2, 1}));
}

TEST(CheckpointFolder, GoesBackToTheOneThatNoProcessLacks) {
  const TemporaryFolder folder;
  CheckpointFolder checkpoints(folder.path());
  checkpoints.save(at_step(1));
  checkpoints.save(at_step(2));
  std::vector<std::pair<std::int64_t, bool>> asked;
  const auto found = checkpoints.load_latest([&](std::int64_t step, bool lacks) {
    asked.emplace_back(step, lacks);
    return lacks || step == 2;  // another process lacks it
  });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->step, 1);
  EXPECT_EQ(asked, (std::vector<std::pair<std::int64_t, bool>>{{2, false}, {1, false}}));
}

TEST(CheckpointFolder, RefusesThoseOfAnotherNumberOfProcesses) {
  const TemporaryFolder folder;
  {
    CheckpointFolder(folder.path(), {.index = 0, .count = 2}).save(at_step(1));
  }
  const CheckpointFolder alone(folder.path());
  EXPECT_EQ(error_of<InvalidArgument>([&] { alone.load_latest(); }),
            folder.path().string() + ": its checkpoints are of 2 processes, but this run has 1");
}

TEST(CheckpointFolder, RefusesImpossibleOptions) {
  const TemporaryFolder folder;
  EXPECT_THROW(CheckpointFolder(folder.path(), {.index = 2, .count = 2}), InvalidArgument);
  EXPECT_THROW(CheckpointFolder(folder.path(), {}, 1), InvalidArgument);
  std::ofstream(folder / "file") << "x";
  EXPECT_THROW(CheckpointFolder(folder / "file"), IoError);
}

}  // namespace
}  // namespace hadal::hpts
