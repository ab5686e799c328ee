#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace hadal::cli {

struct LaunchOptions {
  int processes = 1;
  std::vector<std::string> command;  ///< program and arguments
  /// Between SIGTERM and SIGKILL, for ranks that are left when one has failed.
  std::chrono::milliseconds grace = std::chrono::seconds(10);
};

/// Starts the processes with the variables that init_process_group() reads, and hosts their store,
/// so that no port is chosen before it is bound. Their output comes out line by line, with the rank
/// before each. Passes Ctrl-C and SIGTERM on. When a rank fails it tells which, how and its last
/// lines, and ends the others. No process outlives this one, however it ends. Returns the status of
/// the program: that of the rank that failed first where it is one of ours, kInternal otherwise.
int launch(const LaunchOptions& options);

}  // namespace hadal::cli
