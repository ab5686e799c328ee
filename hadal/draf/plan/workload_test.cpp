#include "hadal/draf/plan/workload.h"

#include "hadal/core/error.h"
#include "hadal/core/file.h"
#include "hadal/draf/plan/trace_exercise.h"
#include "hadal/testing/error_of.h"
#include "hadal/testing/paths.h"

#include <cmath>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

namespace hadal::draf::plan {
namespace {

std::string refusal(const std::string& text) {
  return hadal::testing::error_of<FormatError>([&] { parse_trace(text, "t.csv"); });
}

constexpr const char* kHead = "arrived_at,num_prefill_tokens,num_decode_tokens\n";

TEST(PlanWorkload, ReadsATraceByItsColumns) {
  const auto requests = parse_trace(
      "x,num_decode_tokens,arrived_at,num_prefill_tokens\r\n7,3,0.5,10\r\n\n,4,1e1,20", "t.csv");
  ASSERT_EQ(requests.size(), 2);
  EXPECT_EQ(requests[0].seconds, 0.5);
  EXPECT_EQ(requests[1].prompt, 20);
  EXPECT_EQ(requests[1].output, 4);
}

TEST(PlanWorkload, NamesTheLineAndColumnAtFault) {
  const std::string head = kHead;
  EXPECT_EQ(refusal(""), "t.csv, line 1: expected a line of column names, got an empty file");
  EXPECT_EQ(refusal("arrived_at,num_prefill_tokens\n"),
            "t.csv, line 1: expected a column num_decode_tokens");
  EXPECT_EQ(refusal(head), "t.csv, line 1: expected a request at least");
  EXPECT_EQ(refusal(head + "0,1,1\n1,x,1\n"),
            "t.csv, line 3: num_prefill_tokens: expected a number from 1 to 100000000, got \"x\"");
  EXPECT_EQ(refusal(head + "0,1,0\n"),
            "t.csv, line 2: num_decode_tokens: expected a number from 1 to 100000000, got \"0\"");
  EXPECT_EQ(refusal(head + "0,1\n"),
            "t.csv, line 2: num_decode_tokens: expected a number from 1 to 100000000, got nothing");
  EXPECT_EQ(refusal(head + "2,1,1\n1,1,1\n"),
            "t.csv, line 3: arrived_at: expected times that do not fall");
  for (const char* time : {"nan", "inf", "-1", "1e400", "1 ", ""}) {
    EXPECT_EQ(refusal(head + time + ",1,1\n").find("t.csv, line 2: arrived_at: expected"), 0)
        << time;
  }
  EXPECT_EQ(refusal(head + std::string(1 << 17, '1')),
            "t.csv, line 2: expected at most 65536 bytes a line");
}

TEST(PlanWorkload, TakesHostileTracesInStride) {
  const std::string text = std::string(kHead) + "0,1,1\n0.25,99999999,7\n";
  for (std::size_t end = 0; end <= text.size(); ++end) exercise_trace(text.substr(0, end));
  exercise_trace(std::string(70'000, ','));
  const auto corpus = hadal::testing::source_path("hadal/draf/plan/testdata/trace");
  for (const auto& file : std::filesystem::directory_iterator(corpus)) {
    exercise_trace(read_file(file.path()));
  }
}

TEST(PlanWorkload, ArrivesAtTheRateGiven) {
  const Workload workload{.prompt = 10, .output = 5, .rate = 4};
  constexpr std::int64_t kCount = 20'000;
  const auto requests = arrivals(workload, kCount, 1);
  ASSERT_EQ(requests.size(), kCount);
  // The mean of so many gaps is within 4 standard errors, and half of them are below ln 2 times it.
  EXPECT_NEAR(requests.back().seconds / kCount, 0.25, 4 * 0.25 / std::sqrt(kCount));
  std::int64_t below = 0;
  for (std::size_t i = 1; i < requests.size(); ++i) {
    below += requests[i].seconds - requests[i - 1].seconds < 0.25 * std::log(2);
  }
  EXPECT_NEAR(static_cast<double>(below) / kCount, 0.5, 0.02);
  EXPECT_EQ(arrivals(workload, 9, 1)[8].seconds, requests[8].seconds);
  EXPECT_NE(arrivals(workload, 9, 2)[8].seconds, requests[8].seconds);
  EXPECT_EQ(arrivals({}, 9, 2)[8].seconds, 0);
}

TEST(PlanWorkload, RepeatsATraceThatIsTooShort) {
  const Workload workload{.trace = {{5, 1, 2}, {6, 3, 4}, {9, 5, 6}}};
  const auto requests = arrivals(workload, 5, 0);
  EXPECT_EQ(requests[2].seconds, 4);
  EXPECT_EQ(requests[3].seconds, 4);
  EXPECT_EQ(requests[4].seconds, 5);
  EXPECT_EQ(requests[4].prompt, 3);
  const MeanRequest mean = mean_request(workload);
  EXPECT_EQ(mean.prompt, 3);
  EXPECT_EQ(mean.output, 4);
  EXPECT_EQ(mean.longest, 11);
  EXPECT_EQ(mean.rate, 0.5);
}

TEST(PlanWorkload, RefusesWhatMakesNoSense) {
  EXPECT_THROW(check(Workload{.prompt = 0}), InvalidArgument);
  EXPECT_THROW(check(Workload{.output = 0}), InvalidArgument);
  EXPECT_THROW(check(Workload{.rate = -1}), InvalidArgument);
  EXPECT_THROW(check(Workload{.rate = std::nan("")}), InvalidArgument);
}

class PlanWorkloadRealData : public ::testing::Test {};

TEST_F(PlanWorkloadRealData, ReadsTheAzureTraces) {
  HADAL_REQUIRE_DATA(folder, "tables/traces");
  const auto code = read_trace(folder / "splitwise_code.csv");
  EXPECT_EQ(code.size(), 8819);
  EXPECT_EQ(code[2].prompt, 110);
  EXPECT_EQ(read_trace(folder / "splitwise_conv.csv").size(), 19366);
}

}  // namespace
}  // namespace hadal::draf::plan
