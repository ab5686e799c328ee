#include "hadal/cli/launch/child.h"

#include "hadal/core/error.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace hadal::cli {
namespace {

[[noreturn]] void fail(const std::string& doing) {
  throw IoError(concat("cannot ", doing, ": ", std::strerror(errno)));
}

struct Pipe {
  Pipe() {
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail("make a pipe");
  }
  ~Pipe() {
    for (const int end : ends) {
      if (end >= 0) ::close(end);
    }
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  int take(std::size_t end) { return std::exchange(ends[end], -1); }
  std::array<int, 2> ends{-1, -1};
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

/// This process's environment, with `variables` in place of those of the same name.
std::vector<std::string> environment_with(std::vector<std::string> variables) {
  const std::size_t given = variables.size();
  for (char** item = environ; *item; ++item) {
    const std::string text = *item;
    const std::string name = text.substr(0, text.find('=') + 1);
    bool replaced = false;
    for (std::size_t i = 0; i < given; ++i) replaced |= variables[i].starts_with(name);
    if (!replaced) variables.push_back(text);
  }
  return variables;
}

struct Plan {
  char* const* arguments;
  char* const* environment;
  int output, errors, report;
  pid_t parent;
};

/// What the child does until it is the program. It may share memory with threads of the parent that
/// are gone here, so that only what is safe in signal handlers may be called.
[[noreturn]] void become(const Plan& plan) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // The parent may have died before that, and no one would tell.
  if (::getppid() != plan.parent) ::_exit(127);
  ::setpgid(0, 0);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int signal : {SIGINT, SIGTERM, SIGPIPE}) ::signal(signal, SIG_DFL);
  const int nothing = ::open("/dev/null", O_RDONLY);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(plan.output, STDOUT_FILENO);
  ::dup2(plan.errors, STDERR_FILENO);
  ::execvpe(plan.arguments[0], plan.arguments, plan.environment);
  const int error = errno;
  if (::write(plan.report, &error, sizeof error) < 0) ::_exit(126);
  ::_exit(127);
}

void set_non_blocking(int descriptor) {
  if (::fcntl(descriptor, F_SETFL, O_NONBLOCK) != 0) fail("change a pipe");
}

}  // namespace

Child start_child(const std::vector<std::string>& command,
                  const std::vector<std::string>& variables) {
  std::vector<std::string> arguments = command, environment = environment_with(variables);
  const auto argument_pointers = pointers(arguments), environment_pointers = pointers(environment);
  Pipe output, errors, report;
  const Plan plan{argument_pointers.data(), environment_pointers.data(),
                  output.ends[1],           errors.ends[1],
                  report.ends[1],           ::getpid()};
  Child child;
  child.pid = ::fork();
  if (child.pid < 0) fail("start a process");
  if (child.pid == 0) become(plan);
  for (Pipe* pipe : {&output, &errors, &report}) ::close(pipe->take(1));
  int error = 0;
  // Ends without a byte when the program starts, as the pipe is closed then.
  if (::read(report.ends[0], &error, sizeof error) == sizeof error) {
    ::waitpid(child.pid, nullptr, 0);
    throw InvalidArgument(concat("cannot run ", command[0], ": ", std::strerror(error)),
                          "check the path, and that it may be executed");
  }
  child.process = static_cast<int>(::syscall(SYS_pidfd_open, child.pid, 0));
  if (child.process < 0) {
    const int reason = errno;
    ::kill(child.pid, SIGKILL);
    ::waitpid(child.pid, nullptr, 0);
    errno = reason;
    fail("watch a process");
  }
  child.output = output.take(0);
  child.errors = errors.take(0);
  set_non_blocking(child.output);
  set_non_blocking(child.errors);
  return child;
}

std::string ending_of(int status) {
  if (WIFEXITED(status)) return concat("exit code ", WEXITSTATUS(status));
  return concat("signal ", WTERMSIG(status), " (", ::strsignal(WTERMSIG(status)), ")");
}

}  // namespace hadal::cli
