#include "hadal/bench/runner/resume.h"

#include "hadal/bench/runner/environment.h"
#include "hadal/core/error.h"

#include <algorithm>
#include <string>
#include <string_view>

namespace hadal::bench {
namespace {

template <class Value>
void require_same(std::string_view what, const Value& then, const Value& now) {
  if (then == now) return;
  throw InvalidArgument(
      concat("the report is of a run with another ", what, ": ", then, " where this one has ", now),
      "delete the file, or name another by --json, to start a new run");
}

void check_same_run(const Report& report, const Context& context) {
  require_same("scale", report.scale, std::string(name_of(context.scale)));
  require_same("seed", report.seed, context.seed);
  const Environment& then = report.environment;
  const Environment now = environment();
  require_same("commit", then.commit, now.commit);
  require_same("build", concat(then.build_type, " ", then.compiler, " ", then.compiler_flags),
               concat(now.build_type, " ", now.compiler, " ", now.compiler_flags));
  require_same("LibTorch", then.torch_version, now.torch_version);
  require_same("instruction set", then.isa, now.isa);
  require_same("number of threads", then.threads, now.threads);
  require_same("machine", concat(then.cpu, ", ", then.cores, " cores, ", then.os),
               concat(now.cpu, ", ", now.cores, " cores, ", now.os));
}

bool is_of(const CaseResult& result, const Case& definition) {
  return result.id == definition.id && result.version == definition.version;
}

}  // namespace

std::vector<Case> left_of(const std::vector<Case>& cases, const Context& context, Report& report) {
  check_same_run(report, context);
  std::erase_if(report.cases, [&](const CaseResult& result) {
    return result.verdict == Verdict::failed ||
           std::ranges::any_of(cases, [&](const Case& definition) {
             return result.id == definition.id && !is_of(result, definition);
           });
  });
  std::vector<Case> left = cases;
  std::erase_if(left, [&](const Case& definition) {
    return std::ranges::any_of(report.cases,
                               [&](const CaseResult& result) { return is_of(result, definition); });
  });
  return left;
}

}  // namespace hadal::bench
