#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

namespace hadal::cli {

/// A process and the ends of the pipes that it writes to. It is a process group of its own, and is
/// killed by the kernel should this process end before it; see Guardian for what it starts.
struct Child {
  pid_t pid = -1;
  int process = -1;  ///< pidfd: readable once it has ended
  int output = -1;   ///< of its standard output; non-blocking
  int errors = -1;   ///< of its standard error; non-blocking
};

/// Starts `command`, looked up in PATH, with `variables` ("NAME=value") put into its environment.
/// Throws InvalidArgument where the program cannot be run, and IoError where the system lacks
/// processes or descriptors.
Child start_child(const std::vector<std::string>& command,
                  const std::vector<std::string>& variables);

/// "exit code 2" or "signal 9 (Killed)", from a status of waitpid().
std::string ending_of(int status);

}  // namespace hadal::cli
