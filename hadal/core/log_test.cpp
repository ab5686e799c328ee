#include "hadal/core/log.h"

#include "hadal/core/error.h"

#include <stdexcept>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace hadal {
namespace {

/// Puts level and sink back.
class LogTest : public ::testing::Test {
 protected:
  ~LogTest() override {
    set_log_sink({});
    set_log_level(level_);
  }
  void collect() {
    set_log_sink([this](LogLevel, std::string_view text) { lines_.emplace_back(text); });
  }

  std::vector<std::string> lines_;
  const LogLevel level_ = log_level();
};

TEST_F(LogTest, DropsMessagesBelowTheLevel) {
  collect();
  set_log_level(LogLevel::warning);
  log(LogLevel::info, "no");
  log(LogLevel::warning, "yes");
  log(LogLevel::error, "too");
  EXPECT_EQ(lines_, (std::vector<std::string>{"yes", "too"}));
}

TEST_F(LogTest, OffDropsEverythingAndIsNoLevelOfAMessage) {
  collect();
  set_log_level(LogLevel::off);
  log(LogLevel::error, "no");
  log(LogLevel::off, "no");
  EXPECT_TRUE(lines_.empty());
}

TEST_F(LogTest, WritesLinesToStandardErrorByDefault) {
  set_log_level(LogLevel::debug);
  ::testing::internal::CaptureStderr();
  log(LogLevel::info, "loaded");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "hadal: info: loaded\n");
}

TEST_F(LogTest, CallsTheSinkOneThreadAtATime) {
  collect();
  set_log_level(LogLevel::info);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([] {
        for (int i = 0; i < 250; ++i) log(LogLevel::info, "x");
      });
    }
  }
  EXPECT_EQ(lines_.size(), 1000u);
}

TEST_F(LogTest, WritesToStandardErrorWhatTheSinkItselfLogs) {
  set_log_level(LogLevel::info);
  set_log_sink([](LogLevel, std::string_view) { log(LogLevel::info, "inner"); });
  ::testing::internal::CaptureStderr();
  log(LogLevel::info, "outer");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "hadal: info: inner\n");
}

TEST_F(LogTest, WritesToStandardErrorWhereTheSinkThrows) {
  set_log_level(LogLevel::info);
  set_log_sink([](LogLevel, std::string_view) { throw std::runtime_error("full"); });
  ::testing::internal::CaptureStderr();
  EXPECT_NO_THROW(log(LogLevel::info, "kept"));
  EXPECT_NO_THROW(log(LogLevel::info, "again"));
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "hadal: info: kept\nhadal: info: again\n");
}

TEST_F(LogTest, ParsesTheNamesOfLevels) {
  EXPECT_EQ(parse_log_level("debug"), LogLevel::debug);
  EXPECT_EQ(parse_log_level("info"), LogLevel::info);
  EXPECT_EQ(parse_log_level("warning"), LogLevel::warning);
  EXPECT_EQ(parse_log_level("error"), LogLevel::error);
  EXPECT_EQ(parse_log_level("off"), LogLevel::off);
  try {
    parse_log_level("loud");
    FAIL() << "accepted";
  } catch (const InvalidArgument& error) {
    EXPECT_STREQ(error.what(),
                 "unknown log level 'loud'; expected debug, info, warning, error or off");
  }
}

}  // namespace
}  // namespace hadal
