#pragma once

#include "hadal/bench/runner/case.h"

#include <atomic>
#include <string>

/// Cases for tests of the runner and of the command line.
namespace hadal::bench::testing {

/// A case that takes no time to speak of and keeps its quality: 1 of at least 1.
inline Case tiny_case(const std::string& id = "cv/tiny") {
  return {.id = id,
          .domain = Domain::cv,
          .module = "core",
          .summary = "A case for tests",
          .baseline = "counts to 1,000",
          .candidate = "counts to 1,000 as well",
          .gate = {.metric = "counted", .bound = QualityResult::Bound::at_least, .target = 1},
          .prepare = [](const Context&) {
            const auto count = [] {
              static std::atomic<int> counted;
              for (int i = 0; i < 1'000; ++i) counted = i;
            };
            return Workload{.data = {.description = "none", .sha256 = std::string(64, '0')},
                            .quality = [] { return Quality{.baseline = 1, .candidate = 1}; },
                            .baseline = count,
                            .candidate = count};
          }};
}

/// The same with another workload; `change` gets what tiny_case() prepares.
template <class Change>
Case changed_case(const std::string& id, Change change) {
  Case result = tiny_case(id);
  result.prepare = [change, prepare = result.prepare](const Context& context) {
    Workload workload = prepare(context);
    change(workload);
    return workload;
  };
  return result;
}

}  // namespace hadal::bench::testing
