#pragma once

#include "hadal/bench/runner/case.h"

#include <string>
#include <vector>

namespace hadal::bench {

/// Adds a case to the suite. Returns true, so that a static initializer can call it.
bool register_case(Case definition);

/// All registered cases, by domain and then by id. Throws InvalidArgument where one is malformed or
/// two have the same id.
std::vector<Case> registered_cases();

/// Those of `cases` that any of `patterns` matches, in their order; all of them where `patterns` is
/// empty. A pattern is an id in which `*` stands for any text, or a domain, or "module:<name>".
/// Throws InvalidArgument for a pattern that matches none, naming the ids that come nearest.
std::vector<Case> select(const std::vector<Case>& cases, const std::vector<std::string>& patterns);

}  // namespace hadal::bench

/// Registers the case that the function `make`, of no arguments, returns. For use at namespace
/// scope, once a file.
#define HADAL_BENCH_CASE(make) \
  [[maybe_unused]] const bool hadal_bench_case_registered = ::hadal::bench::register_case(make())
