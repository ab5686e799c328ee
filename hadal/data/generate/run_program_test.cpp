#include "hadal/data/generate/run_program.h"

#include "hadal/core/error.h"

#include <gtest/gtest.h>

namespace hadal::data {
namespace {

using std::chrono::milliseconds;

TEST(RunProgram, ReturnsWhatTheProgramWrites) {
  EXPECT_EQ(run_program({"printf", "%s", "a b; $HOME `x`"}, milliseconds(10'000), 100),
            "a b; $HOME `x`");
}

TEST(RunProgram, StopsAProgramThatTakesTooLong) {
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THROW(run_program({"sleep", "100"}, milliseconds(50), 100), IoError);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(90));
}

TEST(RunProgram, StopsAProgramThatWritesTooMuch) {
  EXPECT_THROW(run_program({"cat", "/dev/zero"}, milliseconds(60'000), 1000), IoError);
}

TEST(RunProgram, GivesTheProgramNoInput) {
  EXPECT_EQ(run_program({"cat"}, milliseconds(10'000), 100), "");
}

TEST(RunProgram, ReportsAbsentAndFailingPrograms) {
  EXPECT_THROW(run_program({"no-such-program-anywhere"}, milliseconds(10'000), 100), IoError);
  EXPECT_THROW(run_program({"false"}, milliseconds(10'000), 100), IoError);
}

}  // namespace
}  // namespace hadal::data
