#pragma once

namespace hadal::cli {

/// The program `hadal`: parses the arguments, runs the subcommand, and turns what is thrown into a
/// line on standard error. Returns the exit status (see exit_code.h).
int run_program(int argc, const char* const* argv);

}  // namespace hadal::cli
