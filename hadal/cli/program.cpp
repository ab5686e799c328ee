#include "hadal/cli/program.h"

#include "hadal/cli/audit/command.h"
#include "hadal/cli/bench/command.h"
#include "hadal/cli/exit_code.h"
#include "hadal/cli/generate/command.h"
#include "hadal/cli/harden/command.h"
#include "hadal/cli/launch/command.h"
#include "hadal/cli/model/command.h"
#include "hadal/cli/plan/command.h"
#include "hadal/cli/serve/command.h"
#include "hadal/cli/train/command.h"
#include "hadal/cli/watermark/command.h"
#include "hadal/core/build_info.h"
#include "hadal/core/error.h"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <iostream>

#include <CLI/CLI.hpp>

namespace hadal::cli {
namespace {

void print_error(const std::string& what, const std::string& hint) {
  std::cerr << "hadal: " << what << (hint.empty() ? "" : "\n  " + hint) << '\n';
}

std::string version_text() {
  const BuildInfo& build = build_info();
  return concat("hadal ", build.version, " (commit ", build.commit, ", LibTorch ",
                build.torch_version, ")");
}

/// Runs `command`, which CLI11 has picked, and turns what it throws into a status.
int guarded(const std::function<int()>& command) {
  try {
    return command();
  } catch (const Interrupted& error) {
    print_error(error.what(), error.hint());
    return kInterrupted;
  } catch (const Error& error) {
    print_error(error.what(), error.hint());
    const bool at_fault_is_input = dynamic_cast<const InvalidArgument*>(&error) != nullptr ||
                                   dynamic_cast<const FormatError*>(&error) != nullptr ||
                                   dynamic_cast<const IoError*>(&error) != nullptr ||
                                   dynamic_cast<const Unsupported*>(&error) != nullptr;
    return at_fault_is_input ? kUnusable : kInternal;
  } catch (const std::exception& error) {
    print_error(concat("internal error: ", error.what()),
                "this is a defect; please report it with the command line and the text above");
    return kInternal;
  }
}

}  // namespace

int run_program(int argc, const char* const* argv) {
  CLI::App app("Deep learning that is cheaper to run and safer to ship.", "hadal");
  app.set_version_flag("--version", version_text());
  app.require_subcommand(1);
  std::function<int()> chosen;
  add_bench_command(app, chosen);
  add_train_command(app, chosen);
  add_harden_command(app, chosen);
  add_generate_command(app, chosen);
  add_serve_command(app, chosen);
  add_launch_command(app, chosen);
  add_plan_command(app, chosen);
  add_model_command(app, chosen);
  add_audit_command(app, chosen);
  add_watermark_command(app, chosen);
  try {
    std::vector<std::string> arguments = without_separator({argv + 1, argv + argc});
    std::ranges::reverse(arguments);  // as CLI11 wants them
    app.parse(std::move(arguments));
  } catch (const CLI::ParseError& error) {
    // Of CLI11's codes, only that of --help and --version is 0.
    return app.exit(error) == 0 ? kDone : kUnusable;
  }
  return guarded(chosen);
}

}  // namespace hadal::cli
