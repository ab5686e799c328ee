#pragma once

#include "hadal/cli/program.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace hadal::cli::testing {

struct Outcome {
  int status;
  std::string output;  ///< standard output
  std::string errors;  ///< standard error
};

/// Runs `hadal` with these arguments in this process.
inline Outcome call(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "hadal");
  std::vector<const char*> pointers;
  for (const std::string& argument : arguments) pointers.push_back(argument.c_str());
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  Outcome outcome{};
  outcome.status = run_program(static_cast<int>(pointers.size()), pointers.data());
  outcome.output = ::testing::internal::GetCapturedStdout();
  outcome.errors = ::testing::internal::GetCapturedStderr();
  return outcome;
}

}  // namespace hadal::cli::testing
