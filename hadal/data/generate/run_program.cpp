#include "hadal/data/generate/run_program.h"

#include "hadal/core/error.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace hadal::data {
namespace {

using Clock = std::chrono::steady_clock;

/// Closes a descriptor when it goes out of scope.
class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() { ::close(value_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return value_; }

 private:
  int value_;
};

/// A child process, killed when it goes out of scope before it was waited for.
class Child {
 public:
  Child(const std::vector<std::string>& arguments, int output) {
    std::vector<char*> pointers;
    for (const auto& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
    pointers.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    const int failure =
        ::posix_spawnp(&id_, pointers[0], &actions, nullptr, pointers.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failure != 0) {
      id_ = -1;
      throw IoError(concat("cannot start ", arguments[0], ": ", std::strerror(failure)));
    }
  }
  ~Child() {
    if (id_ < 0) return;
    ::kill(id_, SIGKILL);
    wait();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// The status of waitpid().
  int wait() {
    int status = 0;
    while (::waitpid(id_, &status, 0) < 0 && errno == EINTR) {
    }
    id_ = -1;
    return status;
  }

 private:
  pid_t id_ = -1;
};

/// Reads to the end of `input`; `name` is the program that writes it.
std::string read_all(int input, const std::string& name, Clock::time_point deadline,
                     std::size_t max_bytes) {
  std::string text;
  std::array<char, 65536> buffer;
  while (true) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd waiting{input, POLLIN, 0};
    const int ready = left > 0 ? ::poll(&waiting, 1, static_cast<int>(left)) : 0;
    if (ready == 0) throw IoError(concat(name, " took too long and was stopped"));
    const ssize_t count = ready < 0 ? -1 : ::read(input, buffer.data(), buffer.size());
    if (count == 0) return text;
    if (count < 0) {
      if (errno == EINTR) continue;
      throw IoError(concat("cannot read what ", name, " writes: ", std::strerror(errno)));
    }
    text.append(buffer.data(), static_cast<std::size_t>(count));
    if (text.size() > max_bytes)
      throw IoError(concat(name, " wrote more than ", max_bytes, " bytes and was stopped"));
  }
}

}  // namespace

std::string run_program(const std::vector<std::string>& arguments, std::chrono::milliseconds limit,
                        std::size_t max_bytes) {
  const auto deadline = Clock::now() + limit;
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    throw IoError(concat("cannot make a pipe: ", std::strerror(errno)));
  const Descriptor input(ends[0]);
  std::string text;
  int status = 0;
  {
    auto output = std::make_unique<Descriptor>(ends[1]);
    Child child(arguments, output->get());
    output.reset();  // else the end of the child's output would never show
    text = read_all(input.get(), arguments[0], deadline, max_bytes);
    status = child.wait();
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    throw IoError(concat(arguments[0],
                         WIFEXITED(status) ? " failed with exit status " : " failed, wait status ",
                         WIFEXITED(status) ? WEXITSTATUS(status) : status));
  }
  return text;
}

}  // namespace hadal::data
