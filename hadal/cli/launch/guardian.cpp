#include "hadal/cli/launch/guardian.h"

#include "hadal/core/error.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace hadal::cli {
namespace {

constexpr std::size_t kMostGroups = 1024;  // as many as `hadal launch` starts

/// Reads groups to watch, and negative ones to forget, until the other end is closed. Calls only
/// what is safe after a fork.
[[noreturn]] void guard(int socket) {
  ::setpgid(0, 0);  // a terminal's Ctrl-C is not for us
  std::array<pid_t, kMostGroups> groups{};
  while (true) {
    pid_t message = 0;
    const ssize_t count = ::read(socket, &message, sizeof message);
    if (count < 0 && errno == EINTR) continue;
    if (count != sizeof message) break;
    const auto place = std::ranges::find(groups, message > 0 ? 0 : -message);
    if (place != groups.end()) *place = std::max(message, 0);
  }
  for (const pid_t group : groups) {
    if (group > 0) ::kill(-group, SIGKILL);
  }
  ::_exit(0);
}

}  // namespace

Guardian::Guardian() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    throw IoError(concat("cannot make a socket: ", std::strerror(errno)));
  }
  process_ = ::fork();
  if (process_ == 0) {
    ::close(ends[1]);
    guard(ends[0]);
  }
  const int error = errno;
  ::close(ends[0]);
  socket_ = ends[1];
  if (process_ < 0) {
    ::close(socket_);
    throw IoError(concat("cannot start a process: ", std::strerror(error)));
  }
}

Guardian::~Guardian() {
  ::close(socket_);
  ::waitpid(process_, nullptr, 0);
}

void Guardian::watch(pid_t group) { send(group); }
void Guardian::forget(pid_t group) { send(-group); }

/// Should the guardian be gone, the kernel still ends the ranks.
void Guardian::send(pid_t message) const {
  ::send(socket_, &message, sizeof message, MSG_NOSIGNAL);
}

}  // namespace hadal::cli
